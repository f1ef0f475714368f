# ruff: noqa: E501  (lists of names)
"""Registers of guests, members, pupils and staff: papers as ten countries number them, bare mobile numbers and user
names, children, words that stand for one person each. Written down before the detection was looked at with it.
"""

import random
import string
import uuid
from collections.abc import Callable, Iterator, Sequence

from faker import Faker

from benchmarks.personal_data import clubs
from benchmarks.personal_data.mixed import STYLES, shuffled
from benchmarks.personal_data.tables import Labelled
from launderette.pipelines.personal_data.name_shapes import words_in

FIELDS = {  # the kind of each, and its English names
    "guest": ("name", "GST_NM,pax"),
    "first": ("first_name", "FNAME_1,gvn_nm"),
    "last": ("last_name", "LNAME_2,srnm"),
    "carer": ("name", "case_wrkr,coach"),
    "desk": ("account", "cw_alias,coach_tag"),
    "mobile": ("phone", "mob_nbr,WhatsAppNo"),
    "landline": ("phone", "hm_ph,TelHome"),
    "child_born": ("birth_date", "kid_dob,ChildBD"),
    "born": ("birth_date", "BRTH_DT,dob_yyyymmdd"),
    "passport": ("national_id", "ppt_no,PassportNbr"),
    "licence": ("national_id", "drv_lic,DrivingLicNo"),
    "tax": ("national_id", "tax_ref,TIN_NO"),
    "health": ("national_id", "hlth_ins_no,InsuranceCardNo"),
    "login": ("account", "usr_nm,LoginId"),
    "mail": ("email", "eml_1,ContactEmail"),
    "home": ("address", "addr_ln_1,ResAddr"),
    "iban": ("iban", "bank_ac,IBAN_NO"),
    "card": ("card", "crd_nbr,CardOnFile"),
    "ip": ("ip", "last_ip,SrcIP"),
    "mac": ("mac", "dev_mac,HwAddr"),
    "note": ("text", "rmks,FrontDeskNote"),
}
LOCAL = {  # in the order of FIELDS
    "or_IN": "ଅତିଥି;ନାମ;ପଦବୀ;ଯତ୍ନକାରୀ;ସଙ୍କେତ;ମୋବାଇଲ;ଫୋନ;ପିଲାର_ଜନ୍ମ;ଜନ୍ମ_ତାରିଖ;ପାସପୋର୍ଟ;ଡ୍ରାଇଭିଂ_ଲାଇସେନ୍ସ;ପ୍ୟାନ;ସ୍ୱାସ୍ଥ୍ୟ_ବୀମା;ଲଗଇନ୍;ଇମେଲ;ଠିକଣା;ଖାତା;କାର୍ଡ;ଆଇପି;ମ୍ୟାକ;ଟିପ୍ପଣୀ",
    "ig_NG": "obia;aha_mbu;aha_nna;onye_nlekota;akara_nzuzo;ekwenti;fon_ulo;ubochi_omumu_nwa;ubochi_omumu;akwukwo_njem;ikike_inya_ugbo;nomba_utu;mkpuchi_ahuike;aha_njirimara;ozi_email;adreesi;akaunti;kaadi;ip;mac;ndetu",
    "sw": "mgeni;jina_la_kwanza;jina_la_ukoo;mlezi;lakabu;simu_ya_mkononi;simu_ya_nyumbani;mtoto_kuzaliwa;tarehe_ya_kuzaliwa;pasipoti;leseni_ya_udereva;namba_ya_mlipakodi;bima_ya_afya;jina_la_mtumiaji;barua_pepe;anwani;akaunti_ya_benki;kadi;anwani_ip;anwani_mac;maelezo",
    "en_NG": "GuestNm;OtherNames;Surnm;Caregiver;CGCode;GsmNo;LandPh;WardDOB;DOBirth;IntlPassport;DrvLicence;TaxIdNo;NHIS_No;UsrName;EmailAdd;ResAddress;AcctIBAN;ATMCard;IPAddr;MACAddr;Observ",
    "de_LI": "Gast;VN;NN;Bezugspers;BP_Kürzel;HandyNr;TelPriv;Kind_gebDat;GebDat;PassNr;FAusweis;SteuerNr;KVNr;BenutzerID;EMailPriv;WohnAdr;KtoIBAN;KK_Nr;IPAdr;MACAdr;Bem",
    "hu_HU": "vendég;utónév;családnév;gondozó;gondozó_jele;mobilszám;vezetékes;gyermek_szül;szül_dátum;útlevélszám;jogosítvány;adóazonosító;taj_szám;felhasználó;email_cím;lakcím;bankszámla;kártyaszám;ip_cím;mac_cím;megj",
    "el_GR": "πελάτης;όνομα;επώνυμο;φροντιστής;κωδ_φροντιστή;κινητό;σταθερό;γέννηση_παιδιού;ημ_γέννησης;αρ_διαβατηρίου;άδεια_οδήγησης;αφμ;αμκα;χρήστης;ηλ_ταχυδρομείο;διεύθυνση;λογαριασμός;κάρτα;διεύθυνση_ip;mac;σχόλια",
    "vi_VN": "khach;ten_goi;ho;nguoi_cham_soc;bi_danh;di_dong;dt_ban;ngay_sinh_con;ngay_sinh;so_ho_chieu;giay_phep_lai_xe;ma_so_thue;bhyt;ten_dang_nhap;thu_dien_tu;dia_chi_nha;tai_khoan;so_the;dia_chi_ip;dia_chi_mac;ghi_chu",
    "pl_PL": "gosc;imie;nazw;opiekun;znak_opiekuna;tel_kom;tel_stac;ur_dziecka;dt_ur;nr_paszportu;nr_prawa_jazdy;nip_osoby;nr_ubezp;uzytkownik;adr_email;adr_zam;rach_bank;nr_karty;adr_ip;adr_mac;uw",
    "es_CO": "huesped;nombres_1;apells;cuidador;clave_cuid;cel;tel_fijo;nac_hijo;fec_nac;nro_pasaporte;licencia_cond;rut_nit;afiliacion_salud;usr;correo_e;dir_resid;cta;nro_tarj;dir_ip;dir_mac;obs",
}
PAPERS = {  # passports, driving licences, tax and health insurance: A is a letter, 9 a digit
    "or_IN": ("A9999999", "OD99 20139999999", "AAAPA9999A", "99-9999-9999-9999"),
    "ig_NG": ("A99999999", "AAA99999AA99", "99999999-0001", "9999999999"),
    "sw": ("AA999999", "4009999999", "999-999-999", "999999999999"),
    "en_NG": ("B99999999", "AAA-99999AA99", "99999999-0001", "NHIS/999999999"),
    "de_LI": ("R99999", "999999999999", "999.999.999", "756.9999.9999.99"),
    "hu_HU": ("AA9999999", "AA999999", "8999999999", "999 999 999"),
    "el_GR": ("AA9999999", "999999999", "999999999", "99999999999"),
    "vi_VN": ("A9999999", "790999999999", "8999999999", "DN4799999999999"),
    "pl_PL": ("AA9999999", "99999/99/9999", "999-999-99-99", "AA 999999"),
    "es_CO": ("AA999999", "1999999999", "99.999.999-9", "CC1999999999"),
}
MOBILES = {  # without the country's code
    "or_IN": "9999999999", "ig_NG": "8099999999", "sw": "799999999", "en_NG": "8199999999", "de_LI": "7999999",
    "hu_HU": "309999999", "el_GR": "6999999999", "vi_VN": "999999999", "pl_PL": "609999999", "es_CO": "3199999999",
}  # fmt: skip
WORDS = words_in(
    "Falcon Otter Maple River Comet Amber Badger Cedar Delta Ember Fjord Garnet Harbor Indigo Jasper Kestrel Lotus Meadow Nectar Onyx Pebble Quartz Raven Saffron Tundra"
)
NOTES = (
    "Allergic to nuts, told {name} at check-in.",
    "{name} lost the key card on {day}.",
    "Asked for a quiet room; brother of {name}.",
    "Late arrival, {first} will ring from {phone}.",
)
THINGS = (  # in the order of `_things`
    "bkg_no,res_id",
    "sku_cd,article",
    "guid,row_uuid",
    "trk_no,shipment",
    "ua_string,agent",
    "prod_nm,item_desc",
    "co_nm,vendor_nm",
    "twn,city",
    "ctry,nation",
    "job_ttl,occupation",
    "chk_in,visit_dt",
    "upd_ts,last_seen_at",
    "room_no,bay",
    "amt_eur,total",
    "ver,build",
    "pg_url,referrer",
    "ean,barcode",
    "lot_no,batch",
    "promo,voucher_cd",
    "rating_txt,status",
    "inv_file,doc_name",
    "ride,trail",
)


def register_tables(locales: Sequence[str], rows: int, seed: int) -> Iterator[Labelled]:
    """Yield a table of each style of names in each locale."""
    for k, locale in enumerate(locales):
        for style in STYLES:
            fake, rng = Faker(locale), random.Random(f"register {locale} {style} {seed + k}")
            fake.seed_instance(rng.getrandbits(32))
            people = zip(FIELDS.values(), _people(fake, rng, locale, rows), strict=True)
            columns = [(at, kind, make) for at, ((kind, _), make) in enumerate(people)]
            things = [*_things(fake, rng), *(clubs.numbers(rng) if locale in clubs.LOCAL else ())]
            columns += [(at, "", make) for at, make in enumerate(things)]
            yield shuffled(locale, style, columns, _name, rows, rng)


def _name(style: str, locale: str, which: int, kind: str, at: int, rng: random.Random) -> str:
    if style == "untelling":
        return f"X_{at:02d}"
    if not kind:
        return rng.choice((*THINGS, *clubs.THINGS.split(";"))[which].split(","))
    if style == "numbered":  # as questionnaires call them
        return f"q{at}_answer"
    if style == "local":
        return (LOCAL | clubs.LOCAL)[locale].split(";")[which]
    english = clubs.ENGLISH.split(";") if locale in clubs.LOCAL else [names for _, names in FIELDS.values()]
    return rng.choice(english[which].split(","))


def _filled(form: str, rng: random.Random) -> str:
    kinds = {"A": string.ascii_uppercase, "9": string.digits}
    return "".join(rng.choice(kinds[c]) if c in kinds else c for c in form)


def _people(fake: Faker, rng: random.Random, locale: str, rows: int) -> Iterator[Callable[[], object]]:
    """Yield the maker of each of FIELDS, in a form drawn for the column."""
    first, last, pick = fake.first_name, fake.last_name, rng.choice
    mobile = (MOBILES | clubs.MOBILES)[locale]
    bare = lambda: mobile[:2] + _filled(mobile[2:], rng)  # noqa: E731
    yield pick((lambda: f"{last().upper()}/{first().upper()} {pick(('MR', 'MRS', 'MS'))}", lambda: f"/s/ {first()} {last()}",
                lambda: f"{last()}, {first()}", lambda: f"{first()} {last()} (adult)"))  # fmt: skip
    yield first
    yield last
    staff, met = [f"{first()} {last()}" for _ in WORDS], [rng.randrange(len(WORDS)) for _ in range(rows)]
    carers, desks = iter(met), iter(met)
    yield lambda: staff[next(carers)]
    yield lambda: WORDS[next(desks)]
    yield pick((bare, lambda: f"0{bare()}", bare))
    yield fake.phone_number
    form = pick(("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%y", "%Y%m%d"))
    young = pick(((0, 6), (5, 12), (6, 18)))
    yield lambda: fake.date_of_birth(minimum_age=young[0], maximum_age=young[1]).strftime(form)
    yield lambda: fake.date_of_birth(minimum_age=18, maximum_age=90).strftime(form)
    for paper in (PAPERS | clubs.PAPERS)[locale]:
        yield lambda paper=paper: _filled(paper, rng)  # type: ignore[misc]
    plain = Faker().user_name if locale in ("or_IN", "el_GR") else fake.user_name
    latin = (lambda: plain()) if locale in ("or_IN", "el_GR") else (lambda: f"{first()[:1]}{last()}".lower())
    yield pick((plain, latin, lambda: f"{latin()}{rng.randrange(100)}"))
    yield fake.email
    yield pick((fake.street_address, lambda: fake.address().replace("\n", ", ")))
    yield fake.iban
    yield fake.credit_card_number
    yield fake.ipv4
    yield pick((fake.mac_address, lambda: fake.mac_address().upper().replace(":", "-")))
    yield lambda: pick(NOTES).format(
        name=f"{first()} {last()}", first=first(), day=fake.date(), phone=fake.phone_number()
    )


def _things(fake: Faker, rng: random.Random) -> Iterator[Callable[[], object]]:
    """Yield makers of columns of nobody, in the order of THINGS."""
    pick, whole = rng.choice, rng.randrange
    serial = iter(range(whole(10**6, 10**7), 10**9, 7))
    towns, firms = [fake.city() for _ in range(40)], [fake.company() for _ in range(pick((30, 200)))]
    items = [f"{a} {b}" for a in ("Oak", "Steel", "Linen", "Cork") for b in ("chair", "lamp", "rug", "tray", "shelf")]
    yield pick((lambda: f"R{next(serial)}", lambda: next(serial), lambda: f"BK-2024-{whole(10**5):05d}"))
    yield lambda: f"{pick(('CH', 'LP', 'RG', 'TR'))}-{whole(900, 999)}-{pick('SML')}"
    yield lambda: str(uuid.UUID(int=rng.getrandbits(128)))
    yield lambda: f"1Z{whole(10**5, 10**6)}{whole(10**9, 10**10)}"
    yield fake.user_agent
    yield lambda: pick(items)
    yield lambda: pick(firms)
    yield lambda: pick(towns)
    yield fake.country
    yield fake.job
    yield lambda: str(fake.date_between("-4y"))
    yield lambda: str(fake.date_time_between("-1y"))
    yield lambda: f"{whole(1, 6)}{whole(30):02d}"
    yield lambda: f"{rng.lognormvariate(4, 1):.2f}"
    yield lambda: f"{whole(9)}.{whole(20)}.{whole(50)}"
    yield lambda: f"https://inn.example/{pick(('rooms', 'spa', 'menu'))}?p={whole(900)}"
    yield fake.ean13
    yield lambda: f"LOT{pick((2022, 2023, 2024))}{pick('ABC')}{whole(99):02d}"
    yield lambda: f"{pick(('SPA', 'SUN', 'WINTER'))}{pick((10, 15, 20))}"
    yield lambda: pick(("very good", "good", "fair", "poor"))
    yield lambda: f"invoice_{whole(10**5)}.{pick(('pdf', 'xml'))}"
    yield lambda: pick(("Robin's Way", "Mill Path", "Ridge Loop", "Lake Circuit", "Old Rail Trail"))
