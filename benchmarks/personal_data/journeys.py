# ruff: noqa: E501  (lists of names)
"""The tenth set: bookings of coaches, clinics and schools in ten locales, under headers half local and half English or
none at all, with phones as people write them down, children, and papers. Written down before the detection was looked at.
"""

import random
import re
import string
from collections.abc import Callable, Iterator, Sequence

from faker import Faker

from benchmarks.personal_data.mixed import shuffled
from benchmarks.personal_data.tables import Labelled

STYLES = ("local", "english", "half", "untelling")
FIELDS = {  # the kind of each, and its English names
    "traveller": ("name", "TRVLR,PaxName"),
    "given": ("first_name", "GvnNam,fname1"),
    "family": ("last_name", "FmlyNam,SURNAME_TXT"),
    "mother": ("name", "MthrNm,mothersname"),
    "child": ("first_name", "KidFirst,child_fnm"),
    "driver": ("name", "DrvrNm,Chauffeur"),
    "mobile": ("phone", "CellPh,mbl"),
    "landline": ("phone", "TelNo2,Ph_Home"),
    "call": ("phone", "CallNbr,cntct_ph"),
    "child_born": ("birth_date", "ChldDOB,child_born_on"),
    "born": ("birth_date", "BDay,dat_birth"),
    "passport": ("national_id", "PPTNUM,TravelDocNo"),
    "citizen": ("national_id", "NatIdCard,citizen_no"),
    "tax": ("national_id", "TaxNbr,FiscalNo"),
    "insured": ("national_id", "HlthIns,InsrdNo"),
    "login": ("account", "usrname,WebLogin"),
    "mail": ("email", "EmlAdr,mail_to"),
    "home": ("address", "HomAddr,resid"),
    "street": ("address", "StrNam,street_ln"),
    "iban": ("iban", "BankIBAN,acc_iban"),
    "card": ("card", "CCard,PmtCardNo"),
    "ip": ("ip", "IPv4,host_ip"),
    "note": ("text", "Cmmnt,agent_note"),
}
TENTH = {  # in the order of FIELDS
    "zh_CN": "旅客;名;姓;母亲姓名;孩子名字;司机;手机;家里电话;联系电话;孩子生日;出生年月日;护照号;身份证;税号;医保卡号;用户名;电子邮箱;家庭住址;街道;银行账户;信用卡号;IP地址;备注",
    "vi_VN": "Hành khách;Tên;Họ;Họ tên mẹ;Tên bé;Tài xế;Số ĐT;Điện thoại nhà;SĐT liên hệ;Ngày sinh bé;Sinh ngày;Hộ chiếu;CCCD;MST cá nhân;Số thẻ BHYT;Tên tài khoản;Email liên lạc;Địa chỉ thường trú;Đường;Số tài khoản;Số thẻ tín dụng;IP máy;Ghi chú",
    "ig_NG": "onye_njem;aha_onye;aha_ezinụlọ;aha_nne;aha_nwata;onye_ọkwọ_ụgbọala;nomba_ekwentị;fon_be;nomba_oku;omumu_nwata;ụbọchị_amụrụ;paspọtụ;kaadị_njirimara;nomba_ụtụ;nomba_mkpuchi;aha_mbanye;email_ya;ebe_obibi;okporo_ámá;iban_akauntu;nomba_kaadi;ip_kọmputa;ndetu_njem",
    "yo_NG": "arinrin-ajo;orukọ;orukọ_ẹbi;orukọ_iya;orukọ_ọmọ;awakọ;foonu;nọmba_foonu;pe_wa;ibi_ọmọ;ọjọ_ìbí;pasipọọtu;kaadi_idanimọ;nọmba_owo-ori;nọmba_iṣeduro;orukọ_olumulo;imeeli;adirẹsi_ile;opopona;akanti_iban;nọmba_kaadi;adirẹsi_ip;akọsilẹ",
    "ka_GE": "მგზავრი;სახელი;გვარი;დედის_სახელი;ბავშვის_სახელი;მძღოლი;მობილური;ტელეფონი;საკონტაქტო_ტელ;ბავშვის_დაბადება;დაბ_თარიღი;პასპორტის_ნომერი;პირადი_ნომერი;საგადასახადო_ნომერი;დაზღვევის_ნომერი;მომხმარებელი;ელფოსტა;მისამართი;ქუჩა;ანგარიში_iban;ბარათის_ნომერი;ip_მისამართი;შენიშვნა",
    "ne_NP": "यात्रु;नाम;थर;आमाको_नाम;बच्चाको_नाम;चालक;मोबाइल_नं;फोन_नं;सम्पर्क_नं;बच्चाको_जन्म;जन्म_मिति;राहदानी_नं;नागरिकता_नं;प्यान_नं;बीमा_नं;प्रयोगकर्ता;इमेल;ठेगाना;सडक;खाता_iban;कार्ड_नं;आईपी;कैफियत",
    "ar_DZ": "المسافر;الاسم;اللقب;اسم_الام;اسم_الطفل;السائق;رقم_الهاتف;هاتف_البيت;للاتصال;ميلاد_الطفل;تاريخ_الازدياد;رقم_جواز_السفر;رقم_التعريف_الوطني;الرقم_الجبائي;رقم_الضمان;اسم_المستخدم;البريد_الالكتروني;عنوان_السكن;الشارع;حساب_iban;رقم_البطاقة;عنوان_ip;ملاحظات",
    "is_IS": "farþegi;fornafn;eftirnafn;nafn_móður;nafn_barns;bílstjóri;gsm_númer;heimasími;símanúmer;fæðing_barns;fæðingardagur;vegabréf;kennitala;skattnúmer;sjúkratrygging_nr;notandanafn;netfang;heimilisfang;gata;reikningur_iban;kortanúmer;ip_tala;athugasemd",
    "es_AR": "pasajero;nombre_pila;ape_paterno;nom_madre;nom_nene;chofer;nro_celu;tel_part;tel_contacto;nac_nene;fecha_nacim;pasap_arg;dni_nro;cuil;nro_obra_social;usr_login;mail_pers;domic_real;calle_nro;cta_iban;nro_plastico;ip_equipo;aclaraciones",
    "cs_CZ": "cestující;křestní;příjm;matka;jméno_dítěte;řidič;mob_tel;tel_domů;kontakt_tel;dat_nar_dítěte;nar;č_pasu;č_op;dič_osoby;č_pojištěnce;přihl_jméno;e_pošta;bydliště;ul_čp;účet_iban;č_karty;ip_stanice;pozn",
}
PHONES = {  # two of mobiles, two of landlines, one as a call from abroad; # is a digit
    "zh_CN": ("13#########", "138-####-####", "010-8#######", "0571 8#######", "+86 139 #### ####"),
    "vi_VN": ("09########", "090 ### ## ##", "(024) 3### ####", "028-38######", "+84 9# ### ## ##"),
    "ig_NG": ("0803#######", "0703 ### ####", "01-4######", "(042) 25####", "+234-806-###-####"),
    "yo_NG": ("0805#######", "0905-###-####", "01 7######", "02-81#####", "+234 (0) 805 ### ####"),
    "ka_GE": ("599######", "5## ## ## ##", "(32) 2## ## ##", "032 2##-##-##", "+995 577 ## ## ##"),
    "ne_NP": ("98########", "984-#######", "01-4######", "061 5#####", "+977-985-#######"),
    "ar_DZ": ("0555######", "06.61.##.##.##", "021 ## ## ##", "(031) 6#-##-##", "00213 770 ## ## ##"),
    "is_IS": ("6######", "8##-####", "5## ####", "46#####", "+354 6## ####"),
    "es_AR": ("11 15-####-####", "1156######", "(0341) 4##-####", "0261 4######", "+54 9 351 ###-####"),
    "cs_CZ": ("60#######", "77# ### ###", "2## ### ###", "54#######", "00420 73# ### ###"),
}
PAPERS = {  # passport, identity, tax and health insurance: A is a letter, # a digit
    "zh_CN": ("E########", "33010219850612####", "##########", "33A########"),
    "vi_VN": ("C#######", "001#########", "8#########", "GD4############"),
    "ig_NG": ("A0#######", "###########", "########-0001", "1########"),
    "yo_NG": ("B5#######", "###########", "1#########", "NHIA-########"),
    "ka_GE": ("##AA#####", "01#########", "2##########", "GE-#######"),
    "ne_NP": ("1#######", "27-01-7#-#####", "6########", "HIB########"),
    "ar_DZ": ("1########", "1#################", "1##############", "############"),
    "is_IS": ("A#######", "1206##-###9", "######", "12##########"),
    "es_AR": ("AAA######", "##.###.###", "20-########-#", "62##########"),
    "cs_CZ": ("4#######", "20#######", "CZ##########", "######/####"),
}
NOTES = (
    "Sits beside {name}, asks for the aisle.",
    "{first} is fetched by an aunt, ring {phone}.",
    "Refund agreed with {name} on {day}, paid in cash.",
    "Carries insulin; {name} knows what to do.",
)
THINGS = (  # in the order of `_things`
    "FltNo,line", "BkgRef,pnr", "SeatNo,berth", "dep_dat,travel_on", "IssDt,sold_on", "exp_dat,ValidTo", "EstDt,founded",
    "FromStop,boarding", "carrier_nm,operator", "vessel,ship", "fare,amt", "km,dist", "ticket_nbr,coupon", "invoice,bill_nr",
    "lat,y_coord", "pct_full,occup", "qty,bags", "sts,state_txt", "artcl,meal", "dept,unit_nm", "iso_ctry,ctry_cd",
    "dial_cd,intl_prefix", "hash_val,chk", "upd_at,ts", "page,src_url", "tour,excursion",
)  # fmt: skip
VESSELS = [
    "MS Anna",
    "Queen Mary",
    "Ever Given",
    "Stena Line",
    "Santa Clara",
    "King Olav",
    "Maria Theresa",
    "Nordic Star",
    "Princess Ruby",
    "Saint George",
]
MEALS = (
    "Chicken Tikka",
    "Caesar Salad",
    "Pizza Margherita",
    "Beef Stroganoff",
    "Peach Melba",
    "Eggs Benedict",
    "Vegan Box",
)
TOURS = (
    "Old Town Walk",
    "Lake Victoria Sunset",
    "Saint Peter Night",
    "Royal Palace",
    "Wine and Hills",
    "Marco Polo Route",
)
STOPS = (
    "Central Station",
    "Airport T2",
    "Victoria Square",
    "Harbour Gate",
    "University North",
    "St. John Hospital",
    "Mill Lane",
)
PLACES = {  # country and calling code
    "zh_CN": ("CN", "+86"), "vi_VN": ("VN", "+84"), "ig_NG": ("NG", "+234"), "yo_NG": ("NG", "+234"), "ka_GE": ("GE", "+995"),
    "ne_NP": ("NP", "+977"), "ar_DZ": ("DZ", "+213"), "is_IS": ("IS", "+354"), "es_AR": ("AR", "+54"), "cs_CZ": ("CZ", "+420"),
}  # fmt: skip


def journey_tables(locales: Sequence[str], rows: int, seed: int) -> Iterator[Labelled]:
    """Yield a table of each style of names in each locale."""
    for k, locale in enumerate(locales):
        for style in STYLES:
            fake, rng = Faker(locale), random.Random(f"journey {locale} {style} {seed + k}")
            fake.seed_instance(rng.getrandbits(32))
            people = zip(FIELDS.values(), _people(fake, rng, locale), strict=True)
            columns = [(at, kind, make) for at, ((kind, _), make) in enumerate(people)]
            columns += [(at, "", make) for at, make in enumerate(_things(fake, rng, locale))]
            yield shuffled(locale, style, columns, _name, rows, rng)


def _name(style: str, locale: str, which: int, kind: str, at: int, rng: random.Random) -> str:
    if style == "untelling":  # as a file without a header is read
        return f"Unnamed: {at}"
    if not kind:
        return rng.choice(THINGS[which].split(","))
    local, english = TENTH[locale].split(";")[which], rng.choice(list(FIELDS.values())[which][1].split(","))
    name = local if style == "local" or (style == "half" and rng.random() < 0.5) else english
    return rng.choice((name, name.upper(), f"{name}_{at}", f"{name} *")) if style == "half" else name


def _filled(form: str, rng: random.Random) -> str:
    return "".join(rng.choice({"A": string.ascii_uppercase, "#": string.digits}.get(c, c)) for c in form)


def _people(fake: Faker, rng: random.Random, locale: str) -> Iterator[Callable[[], object]]:
    """Yield the maker of each of FIELDS, in a form drawn for the column."""
    first, last, pick = fake.first_name, fake.last_name, rng.choice
    mobile, other, fixed, dashed, abroad = PHONES[locale]
    named = pick((lambda: f"{first()} {last()}", lambda: f"{last().upper()} {first()}", lambda: f"{first()} {last()}".lower(),
                  lambda: f"{first()} {pick(string.ascii_uppercase)}. {last()}"))  # fmt: skip
    yield named
    yield first
    yield last
    yield pick((lambda: f"{first()} {last()}", lambda: f"Mrs {last()}", lambda: f"{last()}, {first()}"))
    yield first
    drivers = [f"{first()} {last()}" for _ in range(20)]
    yield lambda: pick(drivers)
    spread = (mobile, other, abroad)
    yield pick((lambda: _filled(mobile, rng), lambda: _filled(other, rng), lambda: _filled(pick(spread), rng)))
    yield pick((lambda: _filled(fixed, rng), lambda: _filled(dashed, rng), lambda: _filled(pick((fixed, dashed)), rng)))
    yield pick((lambda: _filled(f"{mobile} / {fixed}", rng), lambda: int(_filled(mobile.replace(" ", "").replace("-", ""), rng)),
                lambda: f"{_filled(fixed, rng)} x{pick(range(10, 99))}", lambda: _filled(abroad, rng)))  # fmt: skip
    young, old = pick(((0, 5), (3, 11), (8, 17)))
    form = pick(("%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%Y/%m/%d", "%m-%d-%Y"))
    yield lambda: fake.date_of_birth(minimum_age=young, maximum_age=old).strftime(form)
    written = pick(("%d-%b-%Y", "%Y-%m-%d 00:00", "%d%m%Y", "%d. %m. %Y"))
    yield lambda: fake.date_of_birth(minimum_age=17, maximum_age=88).strftime(written)
    for paper in PAPERS[locale]:
        yield lambda paper=paper: _filled(paper, rng)  # type: ignore[misc]
    yield pick((lambda: Faker().user_name(), lambda: f"{pick(('blue', 'sun', 'max', 'tiger'))}{pick(('fox', 'kid', 'rider'))}{pick(range(99))}",
                lambda: f"{Faker().first_name().lower()}.{pick(string.ascii_lowercase)}{pick(range(10, 99))}"))  # fmt: skip
    yield pick((fake.email, lambda: fake.email().upper()))
    yield pick((lambda: fake.address().replace("\n", ", "), lambda: f"{fake.street_address()}, {fake.city()}"))
    yield fake.street_address
    yield pick((fake.iban, lambda: re.sub("(.{4})", r"\1 ", fake.iban()).strip()))
    yield pick((fake.credit_card_number, lambda: f"{'*' * 12}{rng.randrange(1000, 9999)}"))
    yield fake.ipv4_private
    yield lambda: pick(NOTES).format(
        name=f"{first()} {last()}", first=first(), day=fake.date(), phone=_filled(mobile, rng)
    )


def _things(fake: Faker, rng: random.Random, locale: str) -> Iterator[Callable[[], object]]:
    """Yield makers of columns of nobody, in the order of THINGS."""
    pick, whole = rng.choice, rng.randrange
    serial, form = iter(range(whole(10**6, 10**8), 10**9, 3)), pick(("%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%m-%d-%Y"))
    day = lambda start, end: fake.date_between(start, end).strftime(form)  # noqa: E731
    carriers = [f"{fake.last_name()} {pick(('Lines', 'Air', 'Travel', 'Coaches'))}" for _ in range(pick((12, 90)))]
    country, calling = PLACES[locale]
    yield lambda: f"{pick(('LH', 'KQ', 'VN', 'U2'))}{whole(100, 9999)}"
    yield lambda: "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=6))
    yield lambda: f"{whole(1, 40)}{pick('ABCDEF')}"
    yield lambda: day("-300d", "+60d")
    yield lambda: day("-6y", "today")
    yield lambda: day("-1y", "+9y")
    yield lambda: day("-80y", "-1y")
    yield lambda: pick(STOPS)
    yield lambda: pick(carriers)
    yield lambda: pick(VESSELS)
    yield lambda: f"{rng.lognormvariate(4, 1):.2f}"
    yield lambda: whole(2, 900)
    yield lambda: f"220{whole(10**10):010d}"
    yield pick((lambda: next(serial), lambda: f"2024{whole(10**6):06d}"))
    yield lambda: round(rng.uniform(-35, 60), 4)
    yield lambda: f"{whole(101)} %"
    yield lambda: whole(5)
    yield lambda: pick(("boarded", "no show", "cancelled", "rebooked"))
    yield lambda: pick(MEALS)
    yield lambda: pick(("Paediatrics", "Eye Clinic", "School Run East", "Line 7 Depot"))
    yield lambda: country
    yield lambda: calling
    yield lambda: f"{rng.getrandbits(64):016x}"
    yield lambda: str(fake.date_time_between("-2y"))
    yield lambda: f"https://go.example/{pick(('deal', 'trip'))}/{whole(9999)}"
    yield lambda: pick(TOURS)
