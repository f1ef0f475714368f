# ruff: noqa: E501  (lists of names)
"""Tables of hospitals, shops, schools and employers: people under the names that such systems give their columns,
beside things that look like people, phones, cards and dates of birth. Written down before the detection was looked at.
"""

import random
import string
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from faker import Faker

from benchmarks.personal_data.mixed import STYLES, national, shuffled
from benchmarks.personal_data.tables import Labelled

FIELDS = {  # and the kind of each
    "first": "first_name", "last": "last_name", "turned": "name", "relative": "name", "staff": "name",
    "private_mail": "email", "work_mail": "email", "phone": "phone", "emergency": "phone", "street": "address",
    "address": "address", "iban": "iban", "card": "card", "national": "national_id", "born": "birth_date",
    "text": "text", "ip": "ip",
}  # fmt: skip
ENGLISH = (
    "pat_first,pupil_forename,emp_fname,ship_first",
    "pat_surname,pupil_last,emp_lname,ship_last",
    "PatientNameFull,student,employee,recipient",
    "next_of_kin,guardian_1,emergency_contact_name,gift_to",
    "attending,homeroom_teacher,line_manager,sales_rep",
    "private_email,parent_mail,email2,customer_mail",
    "work_email,upn,office_mail,staff_email",
    "home_phone,guardian_tel,ext_phone,contact_mobile",
    "emergency_no,ice_phone,tel_work,callback",
    "street_1,addr_street,ship_addr1,home_street",
    "pat_address,permanent_addr,bill_to,postal_address",
    "salary_iban,refund_iban,payee_account,iban_nr",
    "pay_card,card_used,cc,card_number",
    "natid,ssn_eq,person_no,tax_file_no",
    "pat_dob,birthday,date_birth,born_on",
    "anamnesis,teacher_comment,appraisal,delivery_note",
    "login_ip,last_ip,remote_addr,session_ip",
)
LOCAL = {  # in the order of FIELDS
    "en_AU": "given_names,pref_name;surname,fam_nm;client_full_name,resident;nok,carer;gp,case_worker;e_mail,eml_home;e_mail_work,corp_email;ph_home,phone_ah;mob_no,ph_bh;street_addr_1,st_address;res_address,addr_full;iban,overseas_iban;card_no,cc_nbr;tfn,tax_file_number;d_o_b,birth_dt;progress_notes,case_note;ip,ip_address",
    "en_CA": "legal_first,fname;legal_last,lname;insured,account_name;spouse,parent1;physician,advisor;mail_personal,email_1;mail_business,email_company;tel_res,phone1;tel_cell,phone2;street,mailing_street;mailing_address,civic_address;iban,bank_iban;visa_mc,card_num;sin,sin_no;dob,bdate;remarks,comments;ip_addr,user_ip",
    "en_IE": "forename,fore_nm;surname,sur_nm;client,member_name;mother,father_name;consultant,tutor;email_home,e_mail1;email_office,e_mail2;landline,tel_home;mobile_nr,gsm;addr_1,street_line;address_full,correspondence_address;iban,eft_iban;laser_card,card;pps_no,ppsn;dob,date_of_birth;observations,notes_free;ip,ipaddr",
    "es_CL": "nombres,nombre_alumno;apellidos,ap_paterno;nombre_paciente,titular;apoderado,contacto_emergencia;medico_tratante,profesor_jefe;correo_personal,mail_apoderado;correo_institucional,mail_trabajo;fono,fono_casa;celular,fono_emergencia;calle_numero,calle;direccion,domicilio;cuenta_iban,iban;tarjeta,nro_tarjeta;rut,rut_trabajador;fec_nac,fecha_nacimiento;anamnesis,observaciones;ip_origen,ip",
    "fr_CH": "prenom_usuel,pren;nom_naissance,nom_famille;patient,assure;representant_legal,personne_contact;medecin,maitre_classe;courriel_prive,mail_perso;courriel_prof,mail_pro;tel_prive,natel;tel_urgence,tel_prof;rue_no,rue;adresse_postale,adr_complete;iban_salaire,cpte_iban;no_carte,carte;no_avs,avs13;ddn,date_naiss;remarques,appreciation;adr_ip,ip_client",
    "de_LU": "rufname,vorn;zuname,fam_name;versicherter,schueler;erziehungsberechtigter,notfallkontakt;hausarzt,klassenlehrer;mail_privat,email_eltern;mail_dienst,email_firma;tel_privat,festnetz;handy,notfall_tel;strasse_nr,str_hnr;anschrift,wohnadresse;lohn_iban,bankverb_iban;karten_nr,kreditkarte;matricule,ausweis_nr;geb_datum,geburtstag;befund,bemerkungen;ip_adr,ip",
    "sq_AL": "emri,emri_nxenesit;mbiemri,mbiemri_klientit;emri_plote,pacienti;kujdestari,kontakti_emergjences;mjeku,mesuesi;email_privat,posta_elektronike;email_pune,email_zyre;tel_shtepie,telefoni;celulari,tel_emergjence;rruga,rruga_nr;adresa,adresa_banimit;iban,llogaria_iban;nr_kartes,karta;nr_personal,nid;datelindja,data_lindjes;shenime,komente;adresa_ip,ip",
    "bs_BA": "ime,ime_ucenika;prezime,prezime_klijenta;ime_i_prezime,pacijent;staratelj,kontakt_osoba;ljekar,razrednik;privatni_mail,eposta;sluzbeni_mail,mail_posao;tel_kuci,telefon;mobitel,hitni_tel;ulica,ulica_broj;adresa,adresa_stanovanja;iban,racun_iban;broj_kartice,kartica;jmbg,jmbg_radnika;datum_rodj,rodjen;napomene,zapazanja;ip_adresa,ip",
    "es_VE": "primer_nombre,nombres;primer_apellido,apellidos;paciente,beneficiario;representante,familiar;medico,docente;correo,correo_personal;correo_trabajo,correo_oficina;tlf_hab,telefono;tlf_movil,tlf_emergencia;calle,calle_av;direccion_hab,direccion;iban,cuenta_iban;tarjeta_cred,num_tarjeta;cedula,ci;f_nac,fecha_nac;obs,nota_medica;ip,direccion_ip",
    "mr_IN": "नाव,विद्यार्थ्याचे_नाव;आडनाव,ग्राहक_आडनाव;पूर्ण_नाव,रुग्ण;पालक,आपत्कालीन_संपर्क;डॉक्टर,वर्गशिक्षक;ईमेल,खाजगी_ईमेल;कार्यालय_ईमेल,कामाचा_ईमेल;दूरध्वनी,घरचा_फोन;मोबाईल,भ्रमणध्वनी;रस्ता,गल्ली;पत्ता,निवासी_पत्ता;iban,खाते_iban;कार्ड_क्रमांक,कार्ड;आधार,ओळख_क्रमांक;जन्मतारीख,जन्म_दिनांक;टिप्पणी,शेरा;ip_पत्ता,ip",
}
THINGS = (  # in the order of `_things`
    "article_no,part_number,ref", "ord_id,sales_order,pono", "vendor,payer,employer,insurer", "brand,label,manufacturer",
    "school,site,facility,store", "ward,unit,room,classroom", "diagnosis,icd_text,course,training", "icd10,atc,course_code,cost_centre",
    "drug,medication,item,menu", "admitted,hired,enrolled,order_date", "discharged,valid_until,term_end,expires",
    "city,branch_city,place_of_service,campus", "nationality,country,origin", "firmware,build,release_no", "checksum,etag,hash",
    "mrn,case_no,employee_no,account_no", "isbn,gtin13,ean_code", "sap_doc,voucher,journal_no", "shade,colour,finish",
    "weekday,shift,month_name", "team,house,club,department", "status,outcome,grade,result",
)  # fmt: skip
NATIONAL = {
    "en_AU": ("au.tfn", "#########", 0), "en_CA": ("ca.sin", "########", 1), "en_IE": ("ie.pps", "#######", 1),
    "es_CL": ("cl.rut", "1#######", 1), "fr_CH": ("ch.ssn", "756##########", 0),
    "mr_IN": ("in_.aadhaar", "3###########", 0),
}  # fmt: skip
BRANDS = "Hugo Boss,Calvin Klein,Tommy Hilfiger,Jack Wolfskin,Paul Smith,Estée Lauder,Ralph Lauren,Levi's,Nike,Siemens,Philips,Max Mara,Helly Hansen,Jack Daniel's,Ben & Jerry's,Dr. Oetker,Mary Kay,Marc O'Polo"
DRUGS = "Ibuprofen,Paracetamol,Amoxicillin,Metformin,Ramipril,Simvastatin,Pantoprazole,Bisoprolol,Atorvastatin,Levothyroxine"
DIAGNOSES = "Type 2 diabetes mellitus,Essential hypertension,Crohn disease,Parkinson disease,Hodgkin lymphoma,Acute bronchitis,Graves disease,Fracture of femur,Addison disease,Migraine without aura,Bell palsy,Down syndrome"
COURSES = "Introduction to Statistics,Data Protection Basics,First Aid,Fire Safety,Linear Algebra,Modern History,Art and Design,Python for Beginners"
SCHOOLS = "St. Mary's College,Lincoln High School,Marie Curie Gymnasium,Florence Nightingale Ward,King Edward Hospital,Martin Luther School,Victoria Clinic,Charles Darwin Campus,Albert Einstein School,Johns Hopkins Annex"
TEAMS = (
    "Red Lions,Gryffindor,Team Alpha,Blue Sharks,Accounts Payable,Human Resources,Research & Development,Customer Care"
)
SHADES = "Olive,Ruby,Jade,Amber,Violet,Rose,Hazel,Scarlett,Ivory,Ebony,Sienna,Heather"
DAYS = "Monday,Tuesday,Wednesday,Thursday,Friday,April,May,June,August,Early,Late,Night"
STATES = ["Passed", "Failed", "Deceased", "Merit", "Transferred", "Discharged Home", "Grade A", "Pending Review"]


def institution_tables(locales: Sequence[str], rows: int, seed: int) -> Iterator[Labelled]:
    """Yield a table of each style of names in each locale."""
    for k, locale in enumerate(locales):
        for style in STYLES:
            yield _table(locale, rows, style, seed + k)


def _table(locale: str, rows: int, style: str, seed: int) -> Labelled:
    fake, rng = Faker(locale), random.Random(f"institution {locale} {style} {seed}")
    fake.seed_instance(rng.getrandbits(32))
    fields, things = list(FIELDS), list(_things(fake, rng))
    columns = [(fields.index(field), FIELDS[field], make) for field, make in _people(fake, rng, locale)]
    columns += [(k, "", make) for k, make in enumerate(things)]
    return shuffled(locale, style, columns, _name, rows, rng)


def _name(style: str, locale: str, which: int, kind: str, at: int, rng: random.Random) -> str:
    if style == "untelling":
        return f"v{at:02d}"
    if not kind:
        return rng.choice(THINGS[which].split(","))
    if style == "numbered":  # as columns of forms are called: the field's first word and a number
        return f"{ENGLISH[which].split(',')[0].split('_')[0]}_{at}"
    names = LOCAL[locale].split(";") if style == "local" else ENGLISH
    return rng.choice(names[which].split(","))


def _people(fake: Faker, rng: random.Random, locale: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the maker of each column of people; each writes its values in a form drawn for the column."""
    first, last = fake.first_name, fake.last_name
    case: Callable[[str], str] = rng.choice((str, str, str, str.upper))
    initial = lambda: rng.choice(string.ascii_uppercase)  # noqa: E731
    yield "first", lambda: case(first())
    yield "last", lambda: case(last())
    yield (
        "turned",
        rng.choice(
            (
                lambda: f"{last().upper()}, {first()}",
                lambda: f"{last()}, {first()} {initial()}.",
                lambda: f"{last()} {first()}",
            )
        ),
    )
    yield (
        "relative",
        rng.choice((lambda: f"{first()} {last()}", lambda: f"{rng.choice(('Mr', 'Mrs', 'Ms'))} {last()}", fake.name)),
    )
    title = rng.choice(("Dr. ", "Prof. ", ""))
    staff = [f"{title}{first()} {last()}" for _ in range(25)]
    yield "staff", lambda: rng.choice(staff)
    yield "private_mail", rng.choice((fake.free_email, fake.safe_email, lambda: fake.free_email().capitalize()))
    host = rng.choice(("stmarys.example", "corp.local", "hospital.org"))
    yield "work_mail", lambda: f"{fake.user_name()}@{host}"
    yield "phone", fake.phone_number
    yield "emergency", rng.choice((fake.phone_number, lambda: f"{fake.phone_number()} ext. {rng.randrange(10, 999)}"))
    yield "street", fake.street_address
    yield "address", lambda: fake.address().replace("\n", ", ")
    yield "iban", fake.iban
    yield "card", fake.credit_card_number
    if locale in NATIONAL:
        yield "national", partial(national, *NATIONAL[locale], rng)
    form = rng.choice(("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%y", "%Y%m%d", "%b %d, %Y", "%Y-%m-%dT00:00:00"))
    young, old = rng.choice(((4, 19), (18, 66), (0, 99)))
    yield "born", lambda: fake.date_of_birth(minimum_age=young, maximum_age=old).strftime(form)
    yield "text", rng.choice((lambda: fake.sentence(12), fake.paragraph, lambda: f"{first()} {fake.sentence(7)}"))
    yield "ip", fake.ipv4


def _things(fake: Faker, rng: random.Random) -> Iterator[Callable[[], object]]:
    """Yield makers of columns of nobody, in the order of THINGS."""
    digits = lambda count: "".join(rng.choices(string.digits, k=count))  # noqa: E731
    letter = partial(rng.choice, string.ascii_uppercase)
    companies, towns = [fake.company() for _ in range(rng.choice((15, 300)))], [fake.city() for _ in range(30)]
    form = rng.choice(("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d"))
    day = lambda start, end: fake.date_between(start, end).strftime(form)  # noqa: E731
    yield rng.choice(
        (
            lambda: f"{digits(3)}-{digits(3)}-{digits(4)}",
            lambda: f"{digits(4)} {digits(3)} {digits(3)}",
            lambda: f"0{digits(9)}",
        )
    )
    yield rng.choice((lambda: f"4{digits(15)}", lambda: f"{digits(4)}-{digits(4)}-{digits(4)}-{digits(4)}"))
    yield lambda: rng.choice(companies)
    yield lambda: rng.choice(BRANDS.split(","))
    yield lambda: rng.choice(SCHOOLS.split(","))
    yield lambda: f"{rng.choice(('Ward', 'Room', 'Bay'))} {rng.randrange(1, 40)}{rng.choice('ABC')}"
    texts = rng.choice((DIAGNOSES, COURSES)).split(",")
    yield lambda: rng.choice(texts)
    yield lambda: f"{letter()}{digits(2)}.{digits(1)}"
    yield lambda: f"{rng.choice(DRUGS.split(','))} {rng.choice((5, 10, 20, 400, 500))} mg"
    yield lambda: day("-15y", "-1y")
    yield lambda: day("-1y", "+5y")
    yield lambda: rng.choice(towns)
    yield fake.country
    yield lambda: f"{rng.randrange(1, 9)}.{rng.randrange(20)}.{rng.randrange(20)}.{rng.randrange(300, 5000)}"
    yield lambda: f"{rng.getrandbits(128):032x}"
    yield rng.choice((lambda: digits(10), lambda: f"MRN{digits(7)}", lambda: f"{digits(2)}-{digits(6)}"))
    yield fake.isbn13
    yield lambda: f"19000{digits(5)}"
    yield lambda: rng.choice(SHADES.split(","))
    yield lambda: rng.choice(DAYS.split(","))
    yield lambda: rng.choice(TEAMS.split(","))
    yield lambda: rng.choice(STATES)
