"""Tables with columns of people and of things in a locale, made up by Faker or drawn here; every column knows what it
holds.
"""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from faker import Faker

MEASURED_LOCALES = ("pt_BR", "sv_SE", "pl_PL", "cs_CZ", "fi_FI", "hu_HU", "tr_TR", "ro_RO", "da_DK", "hr_HR")
REPEATED_PEOPLE = 30  # who have many rows each
ENGLISH = (
    "first_name last_name full_name email phone street_address card_number iban national_id ip_address mac_address "
    "birth_date notes"
)
PEOPLE_KINDS = (
    *("first_name", "last_name", "name", "email", "phone", "address", "card", "iban", "national_id"),
    *("ip", "mac", "birth_date", "text"),
)
TELLING = {  # what columns are called, in each locale's language, in the order of PEOPLE_KINDS
    "pt_BR": "primeiro_nome sobrenome nome_completo e-mail telefone endereco numero_do_cartao iban cpf ip mac "
    "data_de_nascimento observacoes",
    "sv_SE": "förnamn efternamn fullständigt_namn e-post telefonnummer gatuadress kreditkort iban personnummer "
    "ip-adress mac_address födelsedatum anteckning",
    "pl_PL": "imię nazwisko imię_i_nazwisko email numer_telefonu adres numer_karty iban pesel adres_ip adres_mac "
    "data_urodzenia uwagi",
    "cs_CZ": "jméno příjmení celé_jméno email telefon adresa číslo_karty iban rodné_číslo ip_adresa mac_adresa "
    "datum_narození poznámka",
    "fi_FI": "etunimi sukunimi koko_nimi sähköposti puhelinnumero katuosoite luottokortti iban henkilötunnus "
    "ip_osoite mac_osoite syntymäaika huomautus",
    "hu_HU": "keresztnév vezetéknév teljes_név e-mail telefonszám lakcím bankkártya iban taj ip_cím mac_cím "
    "születési_dátum megjegyzés",
    "tr_TR": "adı soyadı ad_soyad e-posta cep_telefonu adres kredi_kartı iban tc_kimlik_no ip_adresi mac_adresi "
    "doğum_tarihi açıklama",
    "ro_RO": "prenume nume_de_familie nume_complet email telefon adresă număr_card iban cnp adresa_ip adresa_mac "
    "data_nașterii observații",
    "da_DK": "fornavn efternavn fulde_navn e-mail telefonnummer adresse kreditkort iban cpr-nummer ip-adresse "
    "mac-adresse fødselsdato bemærkning",
    "hr_HR": "ime prezime ime_i_prezime email broj_telefona adresa broj_kartice iban oib ip_adresa mac_adresa "
    "datum_rođenja napomena",
}
NATIONAL = {
    "hu_HU": lambda fake: f"{fake.random_int(100, 999)} {fake.random_int(100, 999)} {fake.random_int(100, 999)}"
}


@dataclass(frozen=True)
class Labelled:
    """A table, and which kind of personal data each of its columns holds ("" for none)."""

    locale: str
    telling: bool
    frame: pd.DataFrame
    kinds: dict[str, str]


def tables(locales: Sequence[str], rows: int, seed: int) -> Iterator[Labelled]:
    """Yield a table with telling and one with numbered names in each locale."""
    for k, locale in enumerate(locales):
        for telling in (True, False):
            yield table(locale, rows, telling, seed + k)


def table(locale: str, rows: int, telling: bool, seed: int) -> Labelled:
    """Return a table of people, with the columns of things that stand beside them, in an order by chance."""
    fake, rng = Faker(locale), random.Random(seed)
    fake.seed_instance(seed)
    people = dict(zip(PEOPLE_KINDS, TELLING.get(locale, ENGLISH).split(), strict=True))
    columns = [
        (name, kind, values) for (kind, name), values in zip(people.items(), _people(fake, locale, rows), strict=True)
    ]
    staff = [fake.name() for _ in range(REPEATED_PEOPLE)]
    columns.append(("agent", "name", [rng.choice(staff) for _ in range(rows)]))
    head, rest = columns[:3], [*columns[3:], *((name, "", values) for name, values in _things(fake, rng, rows))]
    rng.shuffle(rest)
    columns = [*head, *rest] if rng.random() < 0.5 else [*rest[:5], *head, *rest[5:]]
    names = [name if telling else f"c{at}" for at, (name, _, _) in enumerate(columns)]
    frame = pd.DataFrame({name: values for name, (_, _, values) in zip(names, columns, strict=True)})
    return Labelled(locale, telling, frame, {name: kind for name, (_, kind, _) in zip(names, columns, strict=True)})


def _people(fake: Faker, locale: str, rows: int) -> Iterator[list]:
    national: Callable = NATIONAL.get(locale, lambda fake: fake.ssn())
    makers: tuple[Callable, ...] = (
        *(fake.first_name, fake.last_name, fake.name, fake.email, fake.phone_number),
        lambda: fake.address().replace("\n", ", "),
        *(fake.credit_card_number, fake.iban, lambda: national(fake), fake.ipv4, fake.mac_address),
        lambda: str(fake.date_of_birth(minimum_age=18, maximum_age=90)),
        lambda: " ".join(fake.sentences(2)),
    )
    for make in makers:
        yield [make() for _ in range(rows)]


def _things(fake: Faker, rng: random.Random, rows: int) -> Iterator[tuple[str, list]]:
    """Yield columns of nobody, named in English: texts in the locale, codes, numbers, dates."""
    towns = [fake.city() for _ in range(rng.choice((30, 300)))]
    shops = [fake.company() for _ in range(25)]
    goods = [f"{a} {b}" for a in WOODS for b in FURNITURE]
    fields: dict[str, Callable[[], object]] = {
        "city": lambda: rng.choice(towns),
        "country": fake.country,
        "shop": lambda: rng.choice(shops),
        "product_name": lambda: rng.choice(goods),
        "job": fake.job,
        "unit": lambda: rng.choice(UNITS),
        "colour": fake.color_name,
        "species": lambda: rng.choice(SPECIES),
        "status": lambda: rng.choice(("Pending", "Shipped", "Closed", "Returned")),
        "amount": lambda: f"{rng.lognormvariate(5, 1):,.2f}",
        "year": lambda: rng.randint(1950, 2024),
        "zip": lambda: f"{rng.randint(1000, 99999):05d}",
        "plus_four": lambda: f"{rng.randint(10000, 99999)}-{rng.randint(1000, 9999)}",
        "order_id": lambda: str(uuid.UUID(int=rng.getrandbits(128))),
        "latitude": lambda: round(rng.uniform(-90, 90), 5),
        "version": lambda: f"{rng.randint(1, 9)}.{rng.randint(0, 20)}.{rng.randint(0, 60)}.{rng.randint(0, 90)}",
        "sku": lambda: f"{rng.choice('ABCDE')}{rng.choice('KLM')}-{rng.randint(1000, 99999)}",
        "isbn": fake.isbn13,
        "ean": fake.ean13,
        "case_no": lambda: f"{rng.randint(1, 9999)}/{rng.randint(2005, 2024)}",
        "duration": lambda: f"{rng.randint(0, 9)}:{rng.randint(0, 59):02d}",
        "booked": lambda: str(fake.date_time_between("-3y")),
        "units": lambda: rng.randint(0, 4000),
        "account_no": lambda: rng.randint(10**9, 10**10 - 1),
        "diagnosis": lambda: f"{rng.choice('ABCDEFGH')}{rng.randint(0, 99):02d}.{rng.randint(0, 9)}",
        "shelf_code": lambda: f"{rng.choice('KLM')}{rng.choice('ABC')} {rng.randint(100, 999)}",
        "size": lambda: rng.choice(("S", "M", "L", "XL")),
        "timestamp": lambda: rng.randint(1_500_000_000, 1_700_000_000),
        "url": lambda: f"/items/{rng.randint(1, 9999)}/{rng.choice(FURNITURE).lower()}",
        "weekday": fake.day_of_week,
        "share": lambda: f"{rng.random():.1%}",
    }
    for name, make in fields.items():
        yield name, [make() for _ in range(rows)]


WOODS = (
    "Oak",
    "Pine",
    "Walnut",
    "Steel",
    "Glass",
    "Copper",
    "Velvet",
    "Rattan",
    "Marble",
    "Bamboo",
    "Nordic",
    "Classic",
)
FURNITURE = ("Table", "Chair", "Lamp", "Shelf", "Sofa", "Bed", "Mirror", "Desk", "Stool", "Carpet", "Vase", "Clock")
UNITS = (
    *("Human Resources", "Customer Service", "Public Relations", "Legal Affairs", "Quality Assurance", "Supply Chain"),
    *("Product Design", "Inside Sales", "Corporate Strategy", "Internal Audit", "Tax Planning", "Facility Services"),
    *("Event Planning", "Data Platform", "Mobile Apps", "Growth Marketing", "Field Operations", "Credit Risk"),
    *("Loan Servicing", "Fraud Control", "Night Shift", "Cold Storage", "Spare Parts", "Real Estate"),
)
SPECIES = (
    *("Quercus robur", "Canis lupus", "Parus major", "Turdus merula", "Felis catus", "Vulpes vulpes", "Betula pendula"),
    *("Picea abies", "Lutra lutra", "Bufo bufo", "Sitta europaea", "Alces alces", "Ursus arctos", "Lynx lynx"),
)
