"""The resources of a FHIR R4 document, how they refer to each other, and the signs of another release of FHIR."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from intake.rules.fhir_reading import Element, FhirRefused, Issue, root_name, wrong

BUNDLE_TYPES = ("transaction", "collection", "batch", "document", "message", "searchset")
MOST_ENTRIES = 20_000
ALONE = ("Patient", "ServiceRequest")
OLD_TYPES: Mapping[str, str] = {
    "ReferralRequest": "STU3 or DSTU2",
    "ProcedureRequest": "STU3 or DSTU2",
    "MedicationOrder": "DSTU2",
    "DiagnosticOrder": "DSTU2",
    "DeviceUseRequest": "DSTU2",
}
# What an element never is in R4, and in which release it is.
SIGNS: Sequence[tuple[str, str, type, str]] = (
    ("Condition", "clinicalStatus", str, "STU3 or DSTU2"),
    ("Encounter", "class", list, "R5"),
    ("Encounter", "class", str, "DSTU2"),
    ("ServiceRequest", "reason", list, "R5"),
    ("Coverage", "kind", str, "R5"),
    ("Coverage", "issuer", dict, "DSTU2"),
    ("Patient", "animal", dict, "STU3 or DSTU2"),
)


TYPE_NAMES = """
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem
ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest
CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest
CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement
DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest
EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit
FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List
Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge
MedicationRequest MedicationStatement MedicinalProduct MessageDefinition MessageHeader MolecularSequence NamingSystem
NutritionOrder Observation ObservationDefinition OperationDefinition OperationOutcome Organization
OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner
PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson RequestGroup
ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment RiskEvidenceSynthesis
Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap Subscription
Substance SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport TestScript
ValueSet VerificationResult VisionPrescription
"""
RESOURCE_TYPES = frozenset(TYPE_NAMES.split())


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource, what it is called by others, and the resource that contains it."""

    element: Element
    kind: str
    full_url: str | None = None
    inside: "Resource | None" = None

    @property
    def path(self) -> str:
        return self.element.path

    @property
    def id(self) -> str | None:
        found = self.element.fields.get("id")
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class Document:
    """All resources of a document; `root` is the Bundle, or the one resource that came alone."""

    root: Element
    resources: Sequence[Resource]
    by_name: Mapping[str, Resource] = field(default_factory=dict)

    def of(self, *kinds: str) -> Sequence[Resource]:
        """Return the resources of some types, those that are contained in others aside."""
        return [one for one in self.resources if one.kind in kinds]

    def resolve(self, asking: Resource, reference: Element | None) -> Resource | None:
        """Return the resource that a Reference means, by fullUrl, relative address or containment; None if not here."""
        said = None if reference is None else reference.child("reference")
        if said is None:
            return None
        if not isinstance(said.value, str):
            raise wrong(said, "This must be a string.", Issue.STRUCTURE)
        if said.value.startswith("#"):
            return contained(asking.inside or asking, said.value[1:])
        return self.by_name.get(said.value.partition("/_history/")[0])


def contained(holder: Resource, name: str) -> Resource | None:
    """Return what a resource contains under an id; without a name, itself."""
    if not name:
        return holder
    return next((one for one in contents(holder) if one.id == name), None)


def contents(holder: Resource) -> Sequence[Resource]:
    found = holder.element.children("contained")
    return [Resource(one, _kind(one), inside=holder) for one in found]


def document_of(read: object) -> Document:
    """Return the resources of a Bundle, or of one resource alone. Raises `FhirRefused` for anything but R4."""
    root = Element(read, root_name(read))
    kind = _kind(root)
    if kind == "Bundle":
        resources = _entries(root)
    elif kind in ALONE:
        alone = Resource(root, kind)
        resources = [alone, *(one for one in contents(alone) if one.kind in ALONE)]
    elif kind in OLD_TYPES:
        raise _other_release(root.path, OLD_TYPES[kind])
    else:
        sentence = "Send a Bundle, a Patient or a ServiceRequest of FHIR R4."
        raise FhirRefused("not-a-bundle", Issue.NOT_SUPPORTED, sentence, f"{root.path}.resourceType")
    _require_release(resources)
    return Document(root, resources, _names(resources))


def _kind(element: Element) -> str:
    said = element.child("resourceType")
    if said is None:
        raise wrong(f"{element.path}.resourceType", "A resource says its type.", Issue.REQUIRED)
    if not isinstance(said.value, str) or not (said.value.isascii() and said.value.isalpha() and len(said.value) <= 60):
        raise wrong(said, "This must be the name of a resource type.", Issue.STRUCTURE)
    return said.value


def _entries(bundle: Element) -> list[Resource]:
    if bundle.child("type") is None:
        raise wrong(f"{bundle.path}.type", "A Bundle says its type.", Issue.REQUIRED)
    bundle.one_of("type", BUNDLE_TYPES)
    listed = bundle.child("entry")
    if listed is None:
        raise wrong(f"{bundle.path}.entry", "The Bundle is empty.", Issue.REQUIRED)
    if not isinstance(listed.value, list):
        raise wrong(listed, "This must be an array.", Issue.STRUCTURE)
    if len(listed.value) > MOST_ENTRIES:
        raise wrong(listed, f"Send at most {MOST_ENTRIES:,} entries.", Issue.TOO_LONG)
    entries = (Element(one, f"{listed.path}[{at}]") for at, one in enumerate(listed.value) if one is not None)
    return [resource for entry in entries if (resource := _entry(entry))]


def _entry(entry: Element) -> Resource | None:
    """Return an entry's resource; an entry that only asks or deletes has none."""
    found, full_url = entry.child("resource"), entry.child("fullUrl")
    if full_url is not None and not isinstance(full_url.value, str):
        raise wrong(full_url, "This must be a string.", Issue.STRUCTURE)
    if found is None:
        return None
    return Resource(found, _kind(found), None if full_url is None else str(full_url.value))


def _names(resources: Iterable[Resource]) -> dict[str, Resource]:
    names: dict[str, Resource] = {}
    for one in resources:
        if one.full_url:
            names.setdefault(one.full_url, one)
        if one.id:
            names.setdefault(f"{one.kind}/{one.id}", one)
            names.setdefault(f"urn:uuid:{one.id}", one)
    return names


def _require_release(resources: Iterable[Resource]) -> None:
    """Raise `FhirRefused` at the first sign of a release that only looks like R4."""
    for one in resources:
        if one.kind in OLD_TYPES:
            raise _other_release(f"{one.path}.resourceType", OLD_TYPES[one.kind])
        for kind, name, shape, release in SIGNS:
            if one.kind == kind and isinstance(one.element.fields.get(name), shape):
                raise _other_release(f"{one.path}.{name}", release)


def _other_release(path: str, release: str) -> FhirRefused:
    sentence = f"This is how FHIR {release} has it. Send FHIR R4 (4.0.1)."
    return FhirRefused("not-r4", Issue.NOT_SUPPORTED, sentence, path)
