"""Words in the names of columns, in several languages: of identifiers, of numbers, of people, and of what is none
of these.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ID_WORDS = _words("""
    id ids uuid guid uid oid pid hash token ssn sin nin nino iban pan cpf cnpj pesel bsn nhs mrn vin imei imsi
    mac isbn ean gtin rut nif nie dni curp rfc siren siret orcid pseudonym username login email mail phone mobile
    telefon telephone telefono handy fax url uri kennung matrikel matricule matricola aktenzeichen kennzeichen
    ausweis passport passeport pasaporte identifier identifiant identificador identificatore identifikator
    personnummer fodselsnummer msisdn accession barcode
""")
NUMBER_WORDS = _words("""
    nr no num number nummer numero número numéro nro index idx code konto account compte cuenta conto rekening
    key card karte carte tarjeta licence license
""")  # of people, or of other things
COUNTING_WORDS = ("no", "nr", "num", "number", "nummer", "numero", "número", "numéro", "nro")  # last, or at its end
PERSON_WORDS = _words("""
    patient customer client user person personne persona member employee subject
    participant proband student pupil kunde klient mitglied schueler schüler cliente clienti
    usuario utilisateur utente paciente paziente empleado employé dipendente klant gebruiker medewerker household
    haushalt session device cookie owner tenant driver borrower policyholder insured donor respondent visitor subscriber
""")
RECORD_WORDS = _words("""
    case record order trip event sample encounter admission claim policy invoice transaction ticket booking hh loan
    contract study
""")  # of which an id, written in one word, names one
QUANTITY_WORDS = _words("""
    of per price prices cost house haus street building floor room flat apt apartment page line lot count total
    amount rate score sum avg mean average share percent pct ratio age year years jahr année año anno jaar month
    week day hour minute second monat tag stunde time date duration size weight height width length depth distance
    temperature temp level visit step stage grade rank rating employees children visits orders items rooms pages
    population income salary revenue sales latitude longitude lat lon zip plz postcode postal cap version period
    wave round kilometers profit gdp balance quantity qty
""")  # also places in a list, and parts of an address
COUNTED_RECORDS = _words("visit visits orders")  # quantities, unless something calls them a number of their own
GROUP_WORDS = _words("""
    country region state province county city town place location site cell branch store shop department dept team unit
    category type kind class group status product item article brand model channel language currency land stadt
    pays ville pais país ciudad paese citta città filiale abteilung kategorie produkt artikel
""")  # what has an id of its own, and is nobody
PERSON_PLURALS = _words(
    "patients customers clients users members employees kunden patienten mitglieder mitarbeiter personen clientes "
    "pazienti"
)
# what may follow: phone home, email address
PLACE_WORDS = _words("address adresse dirección indirizzo home work private office business")
