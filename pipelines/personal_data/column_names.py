"""Which kind of personal data a column's name speaks of, in many languages.

A name says it by a word of its own (`Vorname`), by words that stand side by side (`fecha de nacimiento`), or by its
ending (`Kundenvorname`). A word that also names things (`name`, `address`, `number`) counts where no word of a thing
stands beside it, and less.
"""

import re
from dataclasses import dataclass
from itertools import groupby, pairwise

from launderette.generators.identifiers.detection import words_of
from launderette.pipelines.config.run_config import PERSONAL_KINDS
from launderette.pipelines.personal_data import stems
from launderette.pipelines.personal_data.stems import plain

LEAST_ENDING = 6  # letters of a word that also counts at the end of another
UNSPACED_RUNS = re.compile(  # of Thailand and Laos, Burma, Japan, China, Korea, and what stands beside them
    r"[\u0e00-\u0eff\u1000-\u109f\u3040-\u9fff\uac00-\ud7af]+|[^\u0e00-\u0eff\u1000-\u109f\u3040-\u9fff\uac00-\ud7af]+"
)
UNSPACED_FROM = 0xE00  # the first of their letters
LEAST_COMPOUND = 2  # letters of a word of such a script that counts anywhere inside of another


def phrases(text: str) -> frozenset[tuple[str, ...]]:
    """Read phrases that commas part, as words without accents."""
    return frozenset(tuple(plain(phrase).split()) for phrase in text.split(","))


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


SPOKEN: dict[str, frozenset[tuple[str, ...]]] = {
    "first_name": phrases(
        "first name, firstname, fname, forename, forenames, given name, givenname, given names, christian name, middle "
        "name, middlename, vorname, vornamen, rufname, prenom, prenoms, nombre de pila, nombres, primeiro nome, imie, "
        "imiona, jmeno krestni, krestni jmeno, jmeno, krstne meno, meno, etunimi, fornavn, fornamn, tilltalsnamn, "
        "voornaam, voornamen, roepnaam, keresztnev, utonev, ad, adi, prenume, ime, eesnimi, vardas, vards, имя, ім я, "
        "име, ονομα, 名, 名前, 이름, nama depan, ten, שם פרטי, الاسم الاول, preferred name, known as, "
        "segon nom, gaelunafn, millinafn, deuxieme prenom, surnom, اسم الاب"
    ),
    "last_name": phrases(
        "last name, lastname, lname, surname, surnames, family name, familyname, maiden name, nachname, nachnamen, "
        "familienname, zuname, geburtsname, nom de famille, apellido, apellidos, apellido paterno, apellido materno, "
        "sobrenome, ultimo nome, apelido, cognome, cognomi, nazwisko, prijmeni, priezvisko, sukunimi, etternavn, "
        "efternavn, efternamn, achternaam, familienaam, vezeteknev, csaladnev, soyad, soyadi, soyisim, nume de familie,"
        "prezime, perekonnanimi, pavarde, uzvards, фамилия, прізвище, επωνυμο, 姓, 苗字, 성, 성씨, nama belakang, nama "
        "keluarga, ho, שם משפחה, اسم العائلة, birth surname, name at birth, birth name, nom de jeune fille, nom de "
        "naissance, nom jeune fille, cognom, cognoms, aettarnafn, apelyido, වාසගම"
    ),
    "name": phrases(
        "full name, fullname, customer name, client name, patient name, employee name, person name, contact name, "
        "contact person, account holder, cardholder, holder name, card holder, emergency contact, next of kin, "
        "displayname, display name, vollstandiger name, kundenname, patientenname, ansprechpartner, kontoinhaber, "
        "mitarbeitername, versicherter, nom complet, nom prenom, nom et prenom, nombre completo, nombre y apellidos, "
        "nome completo, nome e cognome, nominativo, imie i nazwisko, cele jmeno, jmeno a prijmeni, koko nimi, nimi, "
        "fulde navn, fullt navn, navn, fullstandigt namn, fullstandig namn, namn, volledige naam, naam, teljes nev, "
        "nev, ad soyad, adi soyadi, nume complet, nume si prenume, nume, ime i prezime, puno ime, taisnimi, фио, "
        "полное имя, пиб, ονοματεπωνυμο, 氏名, 姓名, 성명, nama lengkap, nama, ho ten, ho va ten, שם מלא, "
        "الاسم الكامل"
    ),
    "email": phrases(
        "email, e mail, mail, emails, email address, mail address, e mail adresse, emailadresse, mailadresse, courriel,"
        "correo, correo electronico, posta elettronica, e posta, eposta, epost, e post, sahkoposti, poczta, почта, "
        "электронная почта, メール, 邮箱, 이메일, ηλεκτρονικο ταχυδρομειο, correio eletronico"
    ),
    "phone": phrases(
        "phone, phones, cellular, landline, phone number, phonenumber, telephone, telephone number, tel, telno, "
        "mobile, mobile number, mobile phone, cell, cellphone, cell phone, msisdn, fax, telefon, telefonnummer, "
        "rufnummer, handy, handynummer, mobil, mobilnummer, festnetz, portable, numero de telephone, telefono, "
        "movil, celular, telefone, telemovel, cellulare, telefonu, komorka, numer telefonu, telefonni cislo, "
        "mobilni, puhelin, puhelinnumero, matkapuhelin, telefonszam, mobiltelefon, telefoon, telefoonnummer, gsm, "
        "telefon numarasi, cep telefonu, numar de telefon, broj telefona, broj mobitela, телефон, мобильный, "
        "τηλεφωνο, κινητο, 電話, 電話番号, 电话, 手机, 전화, 전화번호, nomor telepon, telepon, so dien thoai, "
        "טלפון, هاتف, sim no, subscriber number, call number, contact number, so dt, sdt, dt ban, nomba oku, "
        "simi, farsimanumer, رقم المحمول, رقم الجوال, ජංගම, whatsapp"
    ),
    "address": phrases(
        "address, addresses, street, road, street address, home address, postal address, mailing address, address "
        "line, residence, strasse, anschrift, adresse, wohnadresse, postanschrift, rue, adresse postale, "
        "domicile, direccion, calle, domicilio, endereco, morada, logradouro, rua, indirizzo, via, adres, adres "
        "zamieszkania, ulica, ulice, adresa, bydliste, osoite, katuosoite, gade, gateadresse, vej, adress, "
        "gatuadress, bostadsadress,straat, straatnaam, woonadres, cim, lakcim, utca, adresi, sokak, strada, "
        "domiciliu, aadress, адрес, улица, адреса, διευθυνση, οδος, 住所, 地址, 주소, alamat, jalan, dia chi, כתובת, "
        "عنوان"
    ),
    "card": phrases(
        "card number, cardnumber, card no, credit card, creditcard, credit card number, debit card, cc number, ccnum, "
        "pan, kartennummer, kreditkarte, kreditkartennummer, numero de carte, carte bancaire, tarjeta, tarjeta de "
        "credito, numero de tarjeta, cartao, numero do cartao, carta di credito, numero carta, numer karty, cislo karty"
    ),
    "iban": phrases("iban, bank account, bankverbindung, kontonummer, account iban, compte bancaire, rekeningnummer"),
    "national_id": phrases(
        "ssn, social security number, social security, sin, nino, national id, nationalid, national insurance, "
        "nhs number, tax id, taxid, tin, identity number, identity card, personal id, personal number, steuer id, "
        "steuernummer, sozialversicherungsnummer, ausweisnummer, personalausweis, reisepass, "
        "numero de securite sociale, nir, nss, numero secu, dni, nie, nif, curp, rfc, cpf, rg, codice fiscale, "
        "codicefiscale, pesel, rodne cislo, hetu, henkilotunnus, cpr, cpr nummer, fodselsnummer, personnummer, bsn, "
        "burgerservicenummer, taj, tc kimlik, tc kimlik no, tckn, cnp, oib, isikukood, asmens kodas, aadhaar, "
        "aadhaar number, инн, снилс, паспорт, αφμ, αμκα, 身份证, マイナンバー, 주민등록번호, nik, emso, jmbg, egn, "
        "rut, cuil, cedula, avs, ahv, numero avs, ahv nummer, jshshir, תעודת זהות, national number, civil id, nric, "
        "hkid, snils, umid, emirates id, ghana card, voter id, nid, ni number, kennitala, ktp, cccd, cmnd, iin, rrn, "
        "sss number, svnr, fnr, sa id, id card, numero national, rijksregisternummer, personas kods, teudat zehut, "
        "identity document, documento de identidad, reisepassnummer, pasinumero, travel document, 護照, 护照, "
        "パスポート, 여권, driver s license, prawo jazdy, cnh, license plate, licence plate, licenseplate, "
        "licenceplate, plate number, number plate, numberplate, plate no, vehicle plate, vehicle registration, "
        "car registration, car reg, registration plate, kennzeichen, kfz kennzeichen, immatriculation, plaque, "
        "plaque d immatriculation, matricula, placa, placas, targa, kenteken, rejestracja, numer rejestracyjny, "
        "registreringsnummer, nummerplade, rekisterinumero, rendszam, plaka, spz, госномер, номерной знак, 車番, 车牌, "
        "车牌号, 차량번호, nomor polisi, bien so, pport, travel doc, travel document no, licence number, "
        "license number, dl, dl no, vegabrefsnr, okuskirteini, bilnumer, vehicle reg, motor reg, car no, plate, "
        "رقم الجواز, جواز السفر, رخصة القيادة, لوحة السيارة, lisensya, fuhrerausweis, vat no, ustid, steuernr, "
        "numero fiscal, imei, iccid, imsi, cod fiscal, codigo fiscal, fiscal code, npwp, vkn, ppsn, pps no, pps num, "
        "rif, nit, nipt, stir, embg, verotunnus, itin, tfn, utr, dlno, dlnbr, ppno, ppnbr, policy holder no, "
        "ho chieu, mst, bhyt, dic, 税号"
    ),
    "ip": phrases("ip, ip address, ipaddress, ip adresse, ipv4, ipv6, client ip, remote addr, remote ip, adresse ip"),
    "mac": phrases("mac, mac address, macaddress, mac adresse, hardware address, bssid, ماك"),
    "birth_date": phrases(
        "birth date, birthdate, birthday, date of birth, dateofbirth, dob, born, born on, bday, geburtsdatum, "
        "geburtstag, geboren, gebdat, date de naissance, naissance, ne le, fecha de nacimiento, nacimiento, data de "
        "nascimento, nascimento, data di nascita, nascita, data urodzenia, urodzony, datum narozeni, narozen, "
        "datum narodenia, syntymaaika, syntynyt, fodselsdato, fodselsdag, fodt, fodelsedatum, fodd, geboortedatum, "
        "geboren op, szuletesi datum, szuletesnap, dogum tarihi, data nasterii, datum rodenja, sunniaeg, "
        "дата рождения, дата народження, ημερομηνια γεννησης, 生年月日, 出生日期, 생년월일, tanggal lahir, ngay sinh, "
        "data naixement, data de naixement, faedingardagur, kapanganakan, تاريخ الميلاد, تاريخ الولادة, උපන් දිනය"
    ),
    "account": phrases(
        "user name, username, uname, login, login name, handle, nick, nickname, screen name, screenname, twitter, "
        "instagram, weblogin, telegram, skype, linkedin, account name, benutzername, anmeldename, benutzerkennung, "
        "identifiant, nom d utilisateur, pseudo, nombre de usuario, usuario, nome de usuario, nome utente, "
        "ten tai khoan, nazwa uzytkownika, "
        "uzivatelske jmeno, kayttajatunnus, brukernavn, brugernavn, anvandarnamn, gebruikersnaam, felhasznalonev, "
        "kullanici adi, nume utilizator, korisnicko ime, kasutajanimi, имя пользователя, логин, ονομα χρηστη, "
        "ユーザー名, 用户名, 사용자명, nama pengguna, ten dang nhap, שם משתמש, اسم المستخدم, sam account, "
        "samaccountname, მომხმარებელი, प्रयोगकर्ता, उपयोगकर्ता, domain user, "
        "ad user, logon, upn, user logon, login name, facebook, tiktok, insta, mastodon, usuari, notandanafn, "
        "initials, inits, initiales, initialen, iniciales, iniziali, inicials, inicjaly, upphafsstafir, الاحرف الاولى"
    ),
    "text": phrases(
        "note, notes, comment, comments, remark, remarks, description, feedback, message, messages, free text, "
        "freetext, review, transcript, body, narrative, memo, bemerkung, bemerkungen, kommentar, notiz, notizen, "
        "beschreibung, freitext, commentaire, commentaires, remarque, nota, notas, comentario, comentarios, "
        "observaciones, observacoes, osservazioni, commento, uwagi, komentarz, opis, poznamka, poznamky, huomautus, "
        "kommentti, bemaerkning, anteckning, anmarkning, opmerking, opmerkingen, toelichting, megjegyzes, aciklama, "
        "yorum, observatii, napomena, комментарий, примечание, σχολια, 備考, 备注, 비고, catatan"
    ),
}
UNSURE = phrases("name, nom, nombre, nome, nazwa, jmeno, meno, ad, adi, ime, nev, nume, nama, ten, ho, 名, isim")
PEOPLE = phrases(  # who is named, where values read as names do
    "person, customer, client, patient, employee, staff, worker, member, user, owner, holder, tenant, guest, "
    "passenger, driver, agent, seller, sales rep, salesperson, representative, manager, supervisor, boss, "
    "assignee, assigned to, reporter, author, editor, teacher, student, pupil, doctor, physician, nurse, judge, "
    "lawyer, contact, recipient, sender, applicant, candidate, borrower, insured, buyer, player, donor, "
    "created by, updated by, approved by, kunde, kundin, patientin, mitarbeiter, mitarbeiterin, angestellter, "
    "bearbeiter, betreuer, inhaber, mieter, fahrer, verkaufer, vertreter, leiter, autor, lehrer, schuler, arzt, "
    "arztin, kontakt, empfanger, absender, antragsteller, cliente, employe, vendeur, responsable, medecin, auteur, "
    "eleve, proprietaire, locataire, empleado, paciente, vendedor, medico, alumno, propietario, funcionario, "
    "paziente, dipendente, venditore, klient, pacjent, pracownik, zakaznik, pacient, zamestnanec, asiakas, "
    "tyontekija, kunden, medarbejder, medarbetare, ansatt, klant, medewerker, ugyfel, dolgozo, musteri, calisan, "
    "hasta, angajat, korisnik, zaposlenik, клиент, сотрудник, пациент, покупатель, водитель, пользователь, клієнт, "
    "πελατης, ασθενης, υπαλληλος, guardian, parent, mother, father, spouse, carer, relative, beneficiary, "
    "resident, tutor, gp, consultant, attending, surgeon, therapist, next of kin, titular, apoderado, familiar, "
    "representante, beneficiario, profesor, docente, tuteur, enseignant, maitre, conjoint, assure, genitore, "
    "angehoriger, erziehungsberechtigter, notfallkontakt, schuler, schueler, opiekun, rodzic, nauczyciel, lekarz, "
    "staratelj, roditelj, ucenik, ljekar, nastavnik, ucitel, lekar, veli, ogrenci, ogretmen, larare, elev, lakare, "
    "huisarts, leraar, leerling, opettaja, laakari, oppilas, tanar, orvos, mjeku, mesuesi, kujdestari, nxenes, "
    "врач, учитель, ученик, родитель, γιατρος, μαθητης, giao vien, bac si, phu huynh, guru, dokter, siswa, wali, "
    "医生, 老师, 学生, 家长, 医師, 生徒, 의사, 교사, 학생, "
    "डॉक्टर, शिक्षक, पालक, रुग्ण, विद्यार्थी, طبيب, معلم, طالب, רופא, מורה, "
    "traveller, traveler, chauffeur, chofer, voyageur, pasajero, passager, pasazer, hanh khach, tai xe, "
    "旅客, 乘客, 司机, "
    "母亲, მგზავრი, მძღოლი, यात्रु, यात्री, चालक, "
    "المسافر, السائق, الراكب, matka, madre, mere, mutter, moeder, "
    "khach hang, benh nhan, nhan vien, pelanggan, karyawan, pasien, 客户, 客戶, 患者, 顾客, 顧客, "
    "员工, 社員, 고객, 환자, 직원, العميل, المريض, الموظف, לקוח, ลูกค้า, ग्राहक"
)
ABBREVIATIONS = """name nm nme nam|first fst frst|last lst|middle mid|address addr adr addrs adrs|phone ph phn
    fon|mobile mob mbl|telephone tlf|email eml emailaddr mailaddr|number no nr nbr num nmbr|account acct
    acc|customer cust cst|client clnt cli|employee empl emp|patient pat pnt|person pers prsn|contact cntct
    ctc|manager mgr|user usr|date dt|birth bth brth|birthdate birthdt bdate bdt|national natl nat|government
    govt gov|passport ppt ppn passprt|license lic|creditcard cc|card crd|remarks rmk rmks rmrk rmrks|comment cmt
    cmnt cmmt cmts cmnts|description desc descr dsc|note nt|notes nts|text txt|message msg|hardware hw|recipient
    recip|street strt|residence resid|product prod prd|company comp co|country ctry cntry|surname srnm sname|fname
    fnm|lname lnm"""
UNVOWELLED = """traveller traveler passenger guest family given mother father parent child driver street mobile insured
    insurance health passport licence surname forename middle resident voter citizen taxpayer holder doctor nurse
    teacher student member tenant caregiver cardholder"""


def without_vowels(word: str) -> str:
    """Write a word as columns do that leave vowels out: trvlr."""
    return re.sub(r"(.)\1", r"\1", word[0] + re.sub("[aeiou]", "", word[1:]))


WHOLE_WORDS = {without_vowels(word): word for word in UNVOWELLED.split()} | {  # as columns of databases are named
    short: whole for whole, *shorts in map(str.split, ABBREVIATIONS.split("|")) for short in shorts
}
JOINED_ENDS = ("name", "nbr", "num", "login", "dob")
LEAST_BEFORE_END = 3  # letters before one of these
CONTAINERS = _set(  # that hold any values: alone, or numbered, they tell nothing
    "table column col field feld champ campo colonne colonna columna spalte attribute attr value val data var variable"
)
TOWN_WORDS = _set("city town stadt ville ciudad citta cidade municipality commune region state county")
THING_WORDS = frozenset(  # that have names, addresses and descriptions too
    plain(
        """product produkt produit producto prodotto item artikel article brand marke marca company firma entreprise
        empresa azienda employer business organisation organization org institution school hospital department dept
        team group city town stadt ville ciudad citta country land pays state region county file datei host server
        domain table column field color colour event game film movie book title song album species plant breed
        category class project station store shop branch filiale bank course subject currency language drug
        medication disease unit device app software site page path month day campaign vendor
        supplier lieferant nationality hotel restaurant airport airline variety material area ward zone location commune
        municipality gemeinde carrier operator tongue"""
    ).split()
)
ABOUT = frozenset(  # what is said of a number or an address, and is none itself
    plain(
        """type status code model version count counts anzahl sent total opened length has is valid verified flag plan
        provider rate year jahr date url"""
    ).split()
)
ANY_ORDER = ("name", "first_name", "last_name", "birth_date", "address", "phone", "email")  # date of birth, birth date
OF_THINGS = ("name", "first_name", "last_name", "address", "text")  # kinds that things have too
NO_STREETS = frozenset({"ip", "mac", "email", "mail", "web", "url", "wallet", "memory"})  # addresses of another kind


@dataclass(frozen=True)
class Named:
    """What a name speaks of (one of PERSONAL_KINDS), whether it can be nothing else, and whether it says who somebody
    is (`customer`) instead of what the values are.
    """

    kind: str
    sure: bool
    who: bool = False


def read(name: object) -> Named | None:
    """Return the kind of personal data that a column's name speaks of; None where it speaks of none."""
    words = name_words(name)
    whole = tuple(WHOLE_WORDS.get(word, word) for word in words)
    parts = tuple(part for word in words for part in _parts(word))
    readings = dict.fromkeys((words, whole, tuple(WHOLE_WORDS.get(part, part) for part in parts)))
    return next((found for reading in readings if (found := _read(reading))), None)


def _parts(word: str) -> tuple[str, ...]:
    """Part a word that was joined before one of a few others: mothersname; take the article of an Arabic one away."""
    end = next((end for end in JOINED_ENDS if word.endswith(end) and len(word) >= len(end) + LEAST_BEFORE_END), "")
    return (word.removesuffix(end).removesuffix("s"), end) if end else (word.removeprefix("ال"),)


def name_words(name: object) -> tuple[str, ...]:
    """Return the words of a name without accents; letters of scripts without spaces stand apart from others."""
    runs = [run for word in words_of(name) for run in UNSPACED_RUNS.findall(plain(word))]
    pieces = [list(own) for _, own in groupby(runs, lambda run: len(run) == 1 and run.isalpha() and run.isascii())]
    words = tuple(w for own in pieces for w in (["".join(own)] if len(own[0]) == 1 and len(own) > 2 else own))  # d_o_b
    return () if set(words) <= CONTAINERS else words


def _read(words: tuple[str, ...]) -> Named | None:
    joined = {(one + other,) for one, other in pairwise(words)}  # BirthDay
    found = [
        (len(phrase), kind, phrase)
        for kind, phrases in SPOKEN.items()
        for phrase in phrases
        if _in(phrase, words) or (kind in ANY_ORDER and _in(phrase[::-1], words)) or phrase in joined
    ]
    if papers := stems.of_papers(words):
        found.append((len(papers) + 1, "national_id", papers))
    if words and not found and stems.of_phone(words) and not set(words) & (THING_WORDS | ABOUT):
        return Named("phone", True)
    if words and not found:
        ends = [(0, kind, (end,)) for kind, phrases in SPOKEN.items() for (end, *more) in phrases if not more]
        found = [(len(one[2][0]), *one[1:]) for one in ends if _ends(one[2][0], words[-1])]
    if not found:
        return _unsure(words) if not set(words) & (THING_WORDS | ABOUT) else None
    found.sort(key=lambda one: (-one[0], PERSONAL_KINDS.index(one[1])))
    if {"first_name", "last_name"} <= {kind for _, kind, _ in found} and found[0][1] != "name":
        return None if set(words) & (ABOUT | THING_WORDS) else Named("name", True)
    sure = speaks_of_people(words)
    return next(
        (Named(kind, sure or phrase not in UNSURE) for _, kind, phrase in found if _stands(kind, phrase, words)), None
    )


def _stands(kind: str, phrase: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Tell whether none of the other words takes a kind back: what is said of it, a thing that has it, too."""
    rest = set(words) - set(phrase)
    things = rest & (THING_WORDS if kind != "address" or words[-1] in TOWN_WORDS else THING_WORDS - TOWN_WORDS)
    masts = phrase == ("cell",) and rest & {"id", "ids", "tower", "site"}  # of a mobile network
    return not (rest & ABOUT or (kind in OF_THINGS and things) or (kind == "address" and rest & NO_STREETS) or masts)


def _unsure(words: tuple[str, ...]) -> Named | None:
    """Return that words may speak of names, because they say so or say who somebody is."""
    if (end := {"first", "last"} & set(words)) and any(phrase == words[:-1] for phrase in PEOPLE):
        return Named(f"{end.pop()}_name", True)
    if any(_in(phrase, words) for phrase in UNSURE):
        return Named("name", speaks_of_people(words))
    return Named("name", False, who=True) if speaks_of_people(words) else None


def speaks_of_people(words: tuple[str, ...]) -> bool:
    """Tell whether words have one of those for people among them, or at their end."""
    ends = words and any(_ends(end, words[-1]) for (end, *more) in PEOPLE if not more)
    return ends or any(_in(phrase, words) for phrase in PEOPLE)


def of_birth(name: object) -> bool:
    """Tell whether the name of a column of dates has a word of being born, whole or cut off."""
    return stems.of_birth(name_words(name))


def of_thing(name: object) -> bool:
    """Tell whether a name has the word of a thing: the name of a product, a city."""
    return bool(set(name_words(name)) & (THING_WORDS | ABOUT))


def _in(phrase: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(words[k : k + len(phrase)] == phrase for k in range(len(words) - len(phrase) + 1))


def _ends(end: str, word: str) -> bool:
    """Tell whether a word ends with one that is long enough to be meant: kundenvorname."""
    if UNSPACED_RUNS.match(word) and not word[0].isascii() and ord(word[0]) >= UNSPACED_FROM:
        return len(end) >= LEAST_COMPOUND and end in word
    return len(end) >= LEAST_ENDING and word.endswith(end) and re.fullmatch(r"\w+", word) is not None
