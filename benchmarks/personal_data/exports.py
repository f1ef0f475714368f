# ruff: noqa: E501  (lists of names)
"""Tables as systems export them: staff, claims, contacts, pupils and logs, with several things of a person in one cell.
Two sets, both written down before the detection was looked at: it was mended with `FIFTH`, and never with `SIXTH`.
"""

import json
import random
import string
from collections.abc import Callable, Iterator, Sequence

from faker import Faker

from benchmarks.personal_data.mixed import STYLES, shuffled
from benchmarks.personal_data.tables import Labelled

FIELDS = {  # the kind of each; English names of the fifth set, then of the sixth
    "numbered_name": ("name", "EMPLOYEE_LABEL,worker_display", "person_ref,memberLabel"),
    "couple": ("name", "policy_holders,parents", "account_holders,applicants"),
    "claimant": ("name", "claimant,witness_nm", "loss_reporter,driver_involved"),
    "maiden": ("last_name", "maiden_nm,birth_surname", "former_surname,nee"),
    "middle": ("first_name", "middle_nm,second_given", "other_forenames,MiddleName"),
    "preferred": ("first_name", "known_as,nickname", "call_name,goes_by"),
    "initials": ("name", "initials,inits", "emp_initials,signed_off_by"),
    "mailbox": ("email", "from_header,reply_to", "mailbox,sender"),
    "mails": ("email", "cc_list,all_emails", "recipients,alt_emails"),
    "contact": ("phone", "emergency_line,contact_details", "who_to_call,ice"),
    "msisdn": ("phone", "msisdn,sim_no", "subscriber,a_number"),
    "street": ("address", "thoroughfare,premises", "dwelling,res_line_1"),
    "handle": ("account", "twitter,insta_handle", "social_media,tiktok"),
    "profile": ("account", "linkedin_url,profile_link", "homepage,github"),
    "login": ("account", "sam_account,domain_user", "uid,logon"),
    "plate": ("national_id", "plate_no,car_registration", "vehicle_reg,number_plate"),
    "passport": ("national_id", "passport_no,travel_doc", "pp_number,passport"),
    "licence": ("national_id", "driving_licence,dl_no", "licence_nbr,drivers_license"),
    "born": ("birth_date", "birth_ts,d_o_b", "date_naissance_birth,BIRTHDT"),
    "forwarded": ("ip", "x_forwarded_for,peer", "remote,client_endpoint"),
    "bssid": ("mac", "bssid,ap_mac", "wlan_addr,station_mac"),
    "call": ("text", "call_log,visit_summary", "adjuster_memo,incident_narrative"),
    "payload": ("text", "payload,raw_event", "request_body,attributes_json"),
    "access": ("text", "access_log,log_line", "message,syslog_entry"),
}  # fmt: skip
TOLD_BY_NAME = {"initials", "licence", "preferred"}  # nothing else tells them: not in tables of untelling names
FIFTH = {  # in the order of FIELDS
    "is_IS": "starfsmaður;vátryggingartakar;tjónþoli;ættarnafn;millinafn;gælunafn;upphafsstafir;netfang_sendanda;öll_netföng;neyðarsími;farsímanúmer;götuheiti;samfélagsmiðill;vefsíða_notanda;notandanafn;bílnúmer;vegabréfsnr;ökuskírteini;fæðingardagur;ip_tala;mac_vistfang;athugasemd;gögn;annáll",
    "fr_DZ": "agent_matricule;souscripteurs;declarant;nom_jeune_fille;deuxieme_prenom;surnom;initiales;expediteur;adresses_mail;a_prevenir;num_portable;voie;pseudo_insta;lien_profil;identifiant_session;immatriculation;num_passeport;permis_conduire;date_naiss;ip_source;adr_mac;compte_rendu;charge_utile;journal",
    "fil_PH": "empleyado;mga_magulang;nagreklamo;apelyido_sa_pagkadalaga;gitnang_pangalan;palayaw;inisyal;nagpadala;mga_email;tatawagan;numero_ng_cell;kalye;facebook;profile;username;plaka;pasaporte;lisensya;kapanganakan;ip_ng_kliyente;mac_ng_device;tala;datos;log",
    "si_LK": "සේවකයා;දෙමාපියන්;හිමිකම්_පාන්නා;මුල්_වාසගම;මැද_නම;ආදර_නම;මුලකුරු;එවන්නා;විද්‍යුත්_තැපැල්;හදිසි_ඇමතුම;ජංගම;වීදිය;සමාජ_මාධ්‍ය;පැතිකඩ;පරිශීලක_නාමය;වාහන_අංකය;විදේශ_ගමන්_බලපත්‍රය;රියදුරු_බලපත්‍රය;උපන්_දිනය;අයිපී;මැක්;සටහන;දත්ත;ලොග්",
    "es_CA": "empleat;prenedors;declarant;cognom_naixement;segon_nom;sobrenom;inicials;remitent;correus;avisar_a;num_mobil;carrer;xarxa_social;enllac_perfil;usuari;matricula_cotxe;num_passaport;carnet_conduir;data_naixement;ip_origen;adreca_mac;observacions;dades;registre",
    "en_PK": "staff_label;guardians;complainant;maiden_surname;father_given;alias;init;mail_from;mail_list;next_of_kin_ph;cell_msisdn;mohalla;fb_handle;profile_uri;user_logon;veh_reg;passport_nbr;dl_number;dob_ts;src_addr;hw_address;case_history;json_blob;weblog",
    "en_KE": "staff;insured_parties;complainant_nm;maiden;othername;aka;initials_only;msg_from;emails;kin_contact;mpesa_no;estate_road;social;web_profile;portal_user;motor_reg;pass_no;dl;born;origin_ip;router_mac;narration;event_json;raw_log",
    "tw_GH": "worker;parents_of_pupil;plaintiff;name_at_birth;day_name;petname;inits_of;sent_by;mail_ids;emergency;momo_number;st_name;handle;url_of_profile;login_name;car_no;pport;licence;birth;hop_ip;eth_addr;remarks_long;doc;trace",
    "ar_PS": "الموظف;اولياء_الامور;مقدم_المطالبة;اسم_العائلة_قبل_الزواج;اسم_الاب;الكنية;الاحرف_الاولى;المرسل;عناوين_البريد;للطوارئ;رقم_المحمول;اسم_الشارع;حساب_تويتر;رابط_الملف;اسم_المستخدم;لوحة_السيارة;رقم_الجواز;رخصة_القيادة;تاريخ_الولادة;عنوان_الشبكة;ماك;تفاصيل;البيانات;سجل",
    "en_TH": "Emp;ApplicantAndSpouse;Complainant;BirthLastName;MidName;NickName;Initial;MsgFrom;CarbonCopy;CallInEmergency;MobileMsisdn;Soi;LineId;ProfileURL;ADUser;TabienRod;PassportNo;DLNo;BirthDateTime;XFF;WifiBssid;Narrative;Body;NginxLine",
}
SIXTH = {
    "ga_IE": "fostaí;tuismitheoirí;éilitheoir;sloinne_breithe;ainm_láir;leasainm;ceannlitreacha;seoltóir;ríomhphoist;teagmháil_éigeandála;fón_póca;sráid;meáin_shóisialta;leathanach;ainm_úsáideora;uimhir_chláraithe;pas;ceadúnas_tiomána;dáta_breithe;seoladh_ip;seoladh_mac;nótaí;sonraí;loga",
    "fr_BE": "membre_personnel;titulaires;sinistre_declare_par;nom_avant_mariage;autres_prenoms;dit;paraphe;envoye_par;copie_a;prevenir_en_cas;gsm_appelant;rue_et_num;reseau_social;page_perso;login_reseau;plaque_vehicule;passeport;permis;ne_le;ip_client;mac_borne;recit_accident;contenu_json;ligne_log",
    "yo_NG": "osise;awon_obi;olufisun;oruko_idile_omidan;oruko_aarin;oruko_inagije;leta_ibere;lati_owo;awon_imeeli;pe_ni_pajawiri;nomba_alagbeka;adugbo;ero_ayelujara;oju_iwe;oruko_olumulo;nomba_oko;iwe_irinna;iwe_awako;ojo_ibi;adiresi_ip;adiresi_mac;alaye;data_json;akosile",
}
THINGS = (  # English in every locale; in the order of `_things`
    "user_agent,browser", "bic,swift", "car_model,vehicle", "claim_no,policy_ref", "cause_of_loss,peril", "hostname,server",
    "mime,content_type", "tz,timezone", "path,endpoint", "settings,feature_flags", "error,exception_msg", "hotel,venue",
    "song,title", "language,mother_tongue", "legal_entity,garage", "stop_lat,station_lat", "subject,module", "level,severity",
    "reported_on,loss_date", "etag,build_hash", "rate,premium", "hex,rgb", "position_title,grade_name", "cell_ref,bin_location",
    "gross_pay,reserve", "epoch,ts_ms",
)  # fmt: skip
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2)",
    "curl/8.4.0",
    "okhttp/4.12.0",
    "PostmanRuntime/7.36.0",
)
BANKS = ("DEUTDEFF500", "BNPAFRPP", "GEBABEBB", "AIBKIE2D", "NBIIISRE", "CAIXESBB", "HBUKGB4B", "UNCRITMM")
CARS = (
    "Renault Clio",
    "Ford Focus",
    "Mercedes-Benz E 200",
    "Toyota Corolla",
    "Alfa Romeo Giulia",
    "Skoda Octavia",
    "Tesla Model 3",
    "Rolls Royce Dawn",
)
PERILS = (
    "Rear-end collision",
    "Hail",
    "Burst pipe",
    "Theft from vehicle",
    "Glass breakage",
    "Storm damage",
    "Kitchen fire",
)
SONGS = (
    "Hey Jude",
    "Billie Jean",
    "Jolene",
    "Bohemian Rhapsody",
    "Eleanor Rigby",
    "Angie",
    "Roxanne",
    "Layla",
    "Lola",
    "Stan",
    "Proud Mary",
)
HOTELS = (
    "Hotel Sacher",
    "Grand Budapest",
    "Villa Rosa",
    "Park Inn",
    "Haus Anna",
    "The Savoy",
    "Prinz Eugen",
    "Casa Maria",
)
SUBJECTS = ("Organic Chemistry", "World History", "Irish", "Physical Education", "Home Economics", "Religious Studies")
ROLES = (
    "Senior Nurse",
    "Claims Handler",
    "Class Teacher",
    "Data Engineer II",
    "Porter",
    "Team Lead North",
    "Grade 7 Officer",
)
WRITTEN = (
    "Spoke to {name} on {day}, will call back.", "{name} did not attend; letter sent to {street}.",
    "Mother of {first} rang, wants {name} to be seen again.", "Settled with {name}. Paid to {iban}.",
    "Reached {first} under {phone}; mail to {mail} bounced.",
)  # fmt: skip


def export_tables(locales: Sequence[str], rows: int, seed: int) -> Iterator[Labelled]:
    """Yield a table of each style of names in each locale."""
    for k, locale in enumerate(locales):
        for style in STYLES:
            yield _table(locale, rows, style, seed + k)


def _table(locale: str, rows: int, style: str, seed: int) -> Labelled:
    fake, rng = Faker(locale), random.Random(f"exports {locale} {style} {seed}")
    fake.seed_instance(rng.getrandbits(32))
    untelling = style in ("untelling", "numbered")
    makers = _people(fake, rng, locale in SIXTH)
    columns = [(at, FIELDS[field][0], make) for at, (field, make) in enumerate(zip(FIELDS, makers, strict=True))
               if not (untelling and field in TOLD_BY_NAME)]  # fmt: skip
    columns += [(at, "", make) for at, make in enumerate(_things(fake, rng))]
    return shuffled(locale, style, columns, _name, rows, rng)


def _name(style: str, locale: str, which: int, kind: str, at: int, rng: random.Random) -> str:
    if style == "untelling":
        return f"F{at + 1}"
    if not kind:
        return rng.choice(THINGS[which].split(","))
    english = list(FIELDS.values())[which][1 + (locale in SIXTH)].split(",")
    if style == "numbered":  # as forms call them: the kind of cell alone
        return f"attr_{at}_{('string', 'value')[at % 2]}"
    return (FIFTH | SIXTH)[locale].split(";")[which] if style == "local" else rng.choice(english)


def _people(fake: Faker, rng: random.Random, is_sixth: bool) -> Iterator[Callable[[], object]]:
    """Yield the maker of each of FIELDS, in a form drawn for the column; each set has forms of its own."""
    first, last, pick = fake.first_name, fake.last_name, rng.choice
    digits = lambda count: "".join(rng.choices(string.digits, k=count))  # noqa: E731
    letters = lambda count: "".join(rng.choices("ABCDEFGHJKLMNPRSTVWXYZ", k=count))  # noqa: E731
    name = lambda: f"{first()} {last()}"  # noqa: E731
    phone = getattr(fake, "phone_number", None) or Faker().phone_number  # fil_PH has none
    user = lambda: fake.user_name()  # noqa: E731
    one = lambda *forms: pick(forms[len(forms) // 2 :] if is_sixth else forms[: len(forms) // 2])  # noqa: E731
    yield one(lambda: f"{last()}, {first()} ({digits(5)})", lambda: f"{digits(4)} {name()}",
              lambda: f"{first()} {last()} [{letters(1)}{digits(6)}]", lambda: f"{last()} {first()} - {digits(5)}")  # fmt: skip
    yield one(lambda: f"{first()} & {name()}", lambda: f"{name()} / {name()}",
              lambda: f"{first()} and {name()}", lambda: f"{name()}; {name()}")  # fmt: skip
    yield one(lambda: f"{pick(('Mr', 'Mrs', 'Dr'))} {name()}", lambda: f"{last().upper()} {first()}",
              lambda: f"{name()} (driver)", lambda: f"{first()[0]}. {last()}")  # fmt: skip
    yield one(last, lambda: f"née {last()}", lambda: f"geb. {last()}", lambda: last().upper())
    yield one(first, lambda: f"{first()} {first()}", first, lambda: f"{first()}-{first()}")
    yield first
    yield one(
        lambda: f"{letters(1)}.{letters(1)}.",
        lambda: letters(2),
        lambda: letters(3),
        lambda: f"{letters(1)}. {letters(1)}.",
    )
    yield one(lambda: f"{name()} <{fake.email()}>", lambda: f'"{last()}, {first()}" <{fake.email()}>',
              lambda: f"<{fake.email()}>", lambda: f"{fake.email()} ({name()})")  # fmt: skip
    yield one(lambda: f"{fake.email()}; {fake.email()}", lambda: f"{fake.email()},{fake.email()},{fake.email()}",
              lambda: f"mailto:{fake.email()}", lambda: " | ".join(fake.email() for _ in range(pick((1, 2)))))  # fmt: skip
    yield one(lambda: f"{first()} (mother) {phone()}", lambda: f"home: {phone()}",
              lambda: f"{phone()} - {name()}", lambda: f"T {phone()} M {phone()}")  # fmt: skip
    code = pick(("354", "213", "63", "94", "34", "92") if not is_sixth else ("353", "32", "234"))
    yield one(lambda: f"{code}{pick('6789')}{digits(8)}", lambda: f"+{code}{pick('6789')}{digits(8)}",
              lambda: f"00{code}{pick('48')}{digits(8)}", lambda: f"tel:+{code}{pick('48')}{digits(8)}")  # fmt: skip
    yield fake.street_address
    yield one(lambda: f"@{user()}", lambda: f"{user()}#{digits(4)}", lambda: f"u/{user()}", lambda: f"fb.com/{user()}")
    yield one(lambda: f"https://www.linkedin.com/in/{user()}", lambda: f"https://forum.example/users/{user()}/posts",
              lambda: f"https://github.com/{user()}", lambda: f"https://shop.example/profile?user={user()}&tab=1")  # fmt: skip
    yield one(lambda: f"CORP\\{user()}", user, lambda: f"{user()}@corp", lambda: f"uid={user()},ou=people,dc=example")
    yield one(lambda: f"{letters(2)}-{digits(3)}-{letters(2)}", lambda: f"{letters(3)} {digits(4)}",
              lambda: f"{digits(3)}-{letters(2)}-{digits(4)}", lambda: f"1-{letters(3)}-{digits(3)}")  # fmt: skip
    yield one(
        lambda: f"{letters(2)}{digits(7)}",
        lambda: f"{letters(1)}{digits(8)}",
        lambda: f"P{letters(1)}{digits(7)}",
        lambda: f"{letters(2)} {digits(6)}",
    )
    yield one(
        lambda: f"{letters(1)}{digits(2)}-{digits(2)}-{digits(6)}",
        lambda: f"DL{digits(8)}",
        lambda: digits(9),
        lambda: f"{digits(2)}{letters(2)}{digits(5)}",
    )
    form = one("%Y-%m-%dT00:00:00Z", "%d-%m-%y", "%m/%d/%y", "%d %B %Y")
    young, old = pick(((5, 18), (18, 66), (0, 97)))
    yield lambda: fake.date_of_birth(minimum_age=young, maximum_age=old).strftime(form)
    yield one(lambda: f"{fake.ipv4()}, {fake.ipv4()}", lambda: f"{fake.ipv4()}:{rng.randrange(1024, 65535)}",
              lambda: f"[{fake.ipv6()}]:443", lambda: f"{fake.ipv4()}/32")  # fmt: skip
    yield one(fake.mac_address, lambda: fake.mac_address().replace(":", "."), lambda: fake.mac_address().upper(),
              lambda: fake.mac_address().replace(":", "")[:4] + "." + fake.mac_address().replace(":", "")[4:8] + "." + digits(4))  # fmt: skip
    filled = lambda text: text.format(name=name(), first=first(), day=fake.date(), street=fake.street_address(),  # noqa: E731
                                      iban=fake.iban(), phone=phone(), mail=fake.email())  # fmt: skip
    yield one(
        lambda: filled(pick(WRITTEN)),
        lambda: filled(WRITTEN[0]),
        lambda: filled(pick(WRITTEN[2:])),
        lambda: filled(f"{pick(WRITTEN)} {pick(WRITTEN)}"),
    )
    yield one(lambda: json.dumps({"user": {"name": name(), "mail": fake.email()}, "n": rng.randrange(9)}),
              lambda: json.dumps({"first": first(), "last": last(), "plan": pick(("free", "pro"))}),
              lambda: f"name={name()}&phone={phone()}", lambda: f"<person><n>{name()}</n></person>")  # fmt: skip
    yield one(lambda: f'{fake.ipv4()} - {user()} [{fake.date()}] "GET /cart HTTP/1.1" 200 {digits(4)}',
              lambda: f"{fake.date()} INFO login of {fake.email()} ok",
              lambda: f"sshd[{digits(4)}]: Accepted publickey for {user()} from {fake.ipv4()}",
              lambda: f"{fake.date()} user={user()} action={pick(('view', 'save'))}")  # fmt: skip


def _things(fake: Faker, rng: random.Random) -> Iterator[Callable[[], object]]:
    """Yield makers of columns of nobody, in the order of THINGS."""
    pick, whole = rng.choice, rng.randrange
    firms = [f"{fake.last_name()} {pick(('Ltd', 'GmbH', 'S.A.', '& Sons', 'Garage'))}" for _ in range(pick((20, 200)))]
    yield lambda: f"{pick(AGENTS)} {pick(('', f'Chrome/{whole(90, 125)}.0.0.0'))}".strip()
    yield lambda: pick(BANKS)
    yield lambda: pick(CARS)
    yield lambda: f"CLM-{pick((2022, 2023))}-{whole(10**6):06d}"
    yield lambda: pick(PERILS)
    yield lambda: f"{pick(('web', 'db', 'cache'))}-{whole(20):02d}.{pick(('prod', 'test'))}.example"
    yield lambda: pick(("application/json", "text/html", "image/png", "application/pdf"))
    yield lambda: pick(("Europe/Berlin", "Africa/Nairobi", "Asia/Manila", "America/New_York", "UTC"))
    yield lambda: f"/api/v{whole(1, 4)}/{pick(('orders', 'stock', 'health'))}/{whole(10**5)}"
    yield lambda: json.dumps({"theme": pick(("dark", "light")), "beta": pick((True, False)), "size": whole(9)})
    yield (
        lambda: (
            f"{pick(('TimeoutError', 'KeyError', 'IOError'))}: {pick(('read', 'write'))} failed after {whole(900)} ms"
        )
    )
    yield lambda: pick(HOTELS)
    yield lambda: pick(SONGS)
    yield fake.language_name
    yield lambda: pick(firms)
    yield lambda: round(rng.uniform(35, 60), 5)
    yield lambda: pick(SUBJECTS)
    yield lambda: pick(("DEBUG", "INFO", "WARNING", "ERROR"))
    yield lambda: str(fake.date_between("-2y"))
    yield lambda: f"{rng.getrandbits(160):040x}"
    yield lambda: f"{rng.uniform(0, 9):.2f} %"
    yield fake.hex_color
    yield lambda: pick(ROLES)
    yield lambda: f"{pick('ABCDEF')}{whole(99):02d}-{whole(9)}{pick('LR')}"
    yield lambda: f"{rng.lognormvariate(7, 1):,.2f}"
    yield lambda: whole(1_600_000_000_000, 1_700_000_000_000)
