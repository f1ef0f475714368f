"""Personal data in the columns of a table: what is found from names and values, how it is said, and who replaces it."""

from dataclasses import asdict, dataclass
from typing import Any

KIND_PHRASES = {
    "name": "names of people",
    "first_name": "first names",
    "last_name": "last names",
    "email": "e-mail addresses",
    "phone": "phone numbers",
    "address": "postal addresses",
    "card": "numbers of payment cards",
    "iban": "bank accounts (IBAN)",
    "national_id": "numbers of people, of their papers or cars",
    "ip": "IP addresses",
    "mac": "MAC addresses",
    "birth_date": "birth dates",
    "account": "user names",
    "text": "free text",
}
CERTAIN, CONFIDENT, LIKELY, GUESSED = 0.99, 0.95, 0.85, 0.7  # of a finding


@dataclass(frozen=True)
class Found:
    """What a column holds (one of PERSONAL_KINDS), how sure that is in [0, 1], and what tells."""

    kind: str
    confidence: float
    evidence: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    def sentence(self) -> str:
        """Say it in a few words."""
        return f"{KIND_PHRASES[self.kind]}, confidence {self.confidence:.2f}: {self.evidence}"
