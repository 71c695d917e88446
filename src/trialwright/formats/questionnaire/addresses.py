"""Addresses of the extensions that are read and written (HL7 FHIR core, and Structured Data Capture)."""

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
TRANSLATION = f"{CORE}translation"
HIDDEN = f"{CORE}questionnaire-hidden"
CONTROL = f"{CORE}questionnaire-itemControl"
CATEGORY = f"{CORE}questionnaire-displayCategory"
UNIT = f"{CORE}questionnaire-unit"
UNIT_OPTION = f"{CORE}questionnaire-unitOption"
CONSTRAINT = f"{CORE}questionnaire-constraint"
TARGET_CONSTRAINT = f"{CORE}targetConstraint"
LOW, HIGH = f"{CORE}minValue", f"{CORE}maxValue"
DECIMALS = f"{CORE}maxDecimalPlaces"
SCORES = (
    f"{CORE}itemWeight",
    f"{CORE}ordinalValue",
    f"{CORE}questionnaire-ordinalValue",
    f"{CORE}valueset-ordinalValue",
    f"{CORE}codesystem-ordinalValue",
)
VARIABLE = f"{CORE}variable"
CALCULATED = f"{SDC}calculatedExpression"
ENABLE_WHEN = f"{SDC}enableWhenExpression"
LOW_QUANTITY, HIGH_QUANTITY = f"{SDC}minQuantity", f"{SDC}maxQuantity"
_LOOKS = (
    *(f"{CORE}{name}" for name in (
        "rendering-style", "rendering-xhtml", "rendering-markdown", "questionnaire-choiceOrientation", "entryFormat",
        "questionnaire-sliderStepValue", "questionnaire-optionPrefix", "designNote", "questionnaire-supportLink",
        "preferredTerminologyServer", "artifact-versionAlgorithm", "questionnaire-choiceColumn",
    )),
    *(f"{SDC}{name}" for name in ("width", "openLabel", "shortText", "entryMode", "choiceColumn", "collapsible")),
)  # fmt: skip
SHOWN = frozenset(_LOOKS)
"""Extensions that say only how something looks; nothing is lost without them."""
