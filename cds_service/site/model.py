"""The site file (``CDS_SITE_FILE``): what it may say. ``deploy/site.example.yaml`` explains every key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import msgspec

from cds_service.base.kinds import FhirVersion, LanguageName, MissingData
from cds_service.knowledge.codelists import Domain
from cds_service.knowledge.model import File

ClientProfile = Literal["generic", "epic", "oracle", "sandbox"]
Switch = Literal["on", "off"]
# Never ``none`` and never HMAC: with a shared secret, whoever can check a token can make one (CDS Hooks, RFC 8725).
Algorithm = Literal["ES384", "RS384", "ES256", "RS256", "PS384", "EdDSA"]
Right = Literal["discovery", "call", "feedback"]


class Keys(File, frozen=True):
    """Where a client's public keys are: exactly one of the three. A URL that a token names is asked only if listed."""

    jku: list[str] = []
    jwks_url: str | None = None
    jwks_file: str | None = None  # relative to the site file


class Limits(File, frozen=True):
    """What one client may ask of one worker process; what is refused is a 429 (a body too large: a 413).

    The defaults are there to stop a client that has lost its way, not a busy ward: 50 requests a second for as long as
    one likes. Each is a store that fills evenly, so a minute's worth may come at once. ``body_bytes``: of one request,
    up to ``CDS_MAX_BODY_BYTES``, which holds where this is left out.
    """

    requests_per_minute: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 3000
    feedback_per_minute: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 6000  # events
    unknown_cards_per_hour: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 1000  # events of cards never issued
    body_bytes: Annotated[int, msgspec.Meta(ge=1024)] | None = None


class Client(File, frozen=True):
    """One EHR. Without ``issuer`` and ``fhir_servers`` it stands for every caller that no other client fits.

    ``private``: its FHIR and key servers may have addresses of a private network. ``links`` and ``popup_topics`` are
    Oracle's: the registered link prefixes, and the topics whose cards may be critical. ``tenants`` and ``subjects``:
    the values of the token's ``tenant`` and ``sub``; empty: any. ``audiences``: values of ``aud`` accepted besides the
    endpoint's own. ``certificate_subjects``: subjects of certificates that the proxy has verified.
    """

    name: str
    issuer: str | None = None
    tenants: list[str] = []
    subjects: list[str] = []
    keys: Keys | None = None
    algorithms: tuple[Algorithm, ...] = ("ES384", "RS384")
    audiences: list[str] = []
    leeway_seconds: Annotated[int, msgspec.Meta(ge=5, le=60)] = 5
    # 900: what the example token in Epic's public CDS Hooks tutorial lives.
    lifetime_seconds: Annotated[int, msgspec.Meta(ge=30, le=3600)] = 900
    certificate_subjects: list[str] = []
    may: tuple[Right, ...] = ("discovery", "call", "feedback")
    limits: Limits | None = None  # None: in production the defaults, in development none
    fhir_servers: list[str] = []
    private: bool = False
    profile: ClientProfile = "generic"
    fhir_version: FhirVersion | None = None
    default_language: LanguageName | None = None
    # Data an order cannot be checked without: a card that says so, or HTTP 412.
    missing_data: MissingData = "card"
    links: list[str] = []
    popup_topics: list[str] = []


class LocalCode(File, frozen=True):
    """A code of the site that means a concept of ``cards/codelists``; ``product`` is a product word of that list."""

    system: str
    code: str
    concept: str
    domain: Domain
    product: str | None = None


class LocalName(File, frozen=True):
    """A name, in uncoded text, of a concept of ``cards/codelists``."""

    text: str
    lang: Literal["zh", "en"]
    concept: str
    domain: Domain
    product: str | None = None


class Preference(File, frozen=True):
    """One record of Epic's preference list. ``dose``: what it orders, in the unit of the orderable."""

    system: str
    code: str
    display: str
    dose: Decimal | None = None


class Silence(File, frozen=True):
    """A topic that is evaluated and recorded, and gives no card, to the end of the day ``until``.

    ``clients``: names of clients; left out: all.
    """

    topic: str
    until: date
    clients: list[str] | None = None


class Suppression(File, frozen=True):
    """For how many hours an overridden card stays away: same user, patient, order and facts, and not critical."""

    hours: Annotated[int, msgspec.Meta(ge=1, le=8760)]


class Seen(File, frozen=True):
    """For how many days an info card is not sent again to a user who was sent it: same patient, order and evidence.

    ``warning_days``: the same of a warning, where a site wants that; None: every time. Critical cards are none.
    """

    days: Annotated[int, msgspec.Meta(ge=7, le=180)] = 90
    warning_days: Annotated[int, msgspec.Meta(ge=1, le=30)] | None = None


class LocalReason(File, frozen=True):
    """A code that this site's EHR sends for an override reason, and the code of ``override-reasons.yaml`` it means."""

    code: str
    reason: str
    system: str | None = None


class FeedbackOptions(File, frozen=True):
    """``comments``: keep what users write; it may name patients."""

    comments: bool = False
    reasons: list[LocalReason] = []


class ReviewOptions(File, frozen=True):
    """``full_cards: all``: every card of an opened chart by itself, none folded; for a client that shows one topic, and
    for acceptance runs."""

    full_cards: Literal["all"] | None = None


class OpioidFactors(File, frozen=True):
    """The site's own table of oral morphine equivalents, in place of the published one.

    ``table``: its name, as cards show it; ``source``: where it stands; ``factors``: ingredient -> a number or a
    quotient, as in ``cards/opioids.yaml``.
    """

    table: Annotated[str, msgspec.Meta(min_length=2, max_length=40)]
    source: Annotated[str, msgspec.Meta(min_length=10, max_length=300)]
    factors: dict[str, Annotated[str, msgspec.Meta(max_length=20)]]


class Site(File, frozen=True):
    """The whole file. Every key may be left out."""

    GONE: ClassVar[Mapping[str, str]] = {
        "default_language": "set CDS_DEFAULT_LANGUAGE, or default_language of a client",
        "acetaminophen_daily_maximum_g": "delete it: no topic reads it",
    }

    clients: list[Client] = []
    code_systems: dict[str, str] = {}  # the site's address or OID -> a key of systems.yaml
    codes: list[LocalCode] = []
    names: list[LocalName] = []
    parameters: dict[str, dict[str, Decimal]] = {}  # topic -> parameter -> value
    windows: dict[str, Decimal] = {}  # window of measurements.yaml -> days
    topics: dict[str, Switch] = {}
    silent: list[Silence] = []
    suppression: Suppression | None = None
    seen: Seen | Literal["off"] = msgspec.field(default_factory=Seen)
    feedback: FeedbackOptions = msgspec.field(default_factory=FeedbackOptions)
    review: ReviewOptions = msgspec.field(default_factory=ReviewOptions)
    ibandronate: Literal["guideline", "label"] = "guideline"
    opioid_factors: OpioidFactors | None = None
    prefetch: dict[str, str] = {}  # key of services.yaml -> the search that this site's FHIR server can answer
    preference_list: dict[str, list[Preference]] = {}  # orderable -> records, the first that fits is taken

    @property
    def said_once(self) -> Seen | None:
        """For how long an info card stays away once it was sent; None: the site wants it every time."""
        return None if self.seen == "off" else self.seen

    @property
    def off(self) -> frozenset[str]:
        """Topics that are not evaluated."""
        return frozenset(topic for topic, switch in self.topics.items() if switch == "off")

    def silent_for(self, client: Client | None, today: date) -> frozenset[str]:
        """Topics that are evaluated and recorded, and give this client no card today."""
        name = client.name if client else None
        return frozenset(s.topic for s in self.silent if today <= s.until and (s.clients is None or name in s.clients))

    def client_at(self, fhir_server: str | None) -> Client | None:
        """Where nobody is asked who they are: the client of this FHIR server, else the one for all others."""
        base = fhir_server.rstrip("/") if fhir_server else None
        for client in self.clients:
            if base is not None and base in {server.rstrip("/") for server in client.fhir_servers}:
                return client
        return next((c for c in self.clients if c.issuer is None and not c.fhir_servers), None)


NO_SITE: Site = msgspec.convert({}, Site)
