"""The record page as plain values, in the registry's order: what the web page and the command line both show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trialwright.formats.ctgov import StudyRecord, record_of
from trialwright.formats.ctgov.record import RecordDate, RecordDesign
from trialwright.record.age import age_limit
from trialwright.record.criteria import plain, split_criteria
from trialwright.record.rest import rest
from trialwright.record.results import result_sections
from trialwright.record.shapes import Block, Bullets, Facts, Grid, Links, Prose, Section, facts
from trialwright.record.words import VALUES, label, word, words
from trialwright.study.definition import Study


@dataclass(frozen=True, slots=True)
class RecordPage:
    """`chips`: the few words that stand at the top. `has_results`: the section `results` has posted ones."""

    id: str
    title: str
    subtitle: str
    lang: str
    chips: tuple[str, ...]
    sections: tuple[Section, ...]
    has_results: bool
    record: StudyRecord

    def section(self, section_id: str) -> Section | None:
        return next((section for section in self.sections if section.id == section_id), None)


def page_of_study(study: Study, lang: str = "en") -> RecordPage:
    """The record page of a definition, in its own words."""
    return page_of(StudyRecord.of(record_of(study, lang=lang)), lang)


def page_of(record: StudyRecord, lang: str = "en", *, results: bool = True) -> RecordPage:
    """The record page; sections that the record leaves empty are left out, results are announced when pending.

    `results=False` leaves out what the results hold: a page that shows them part by part asks for each one.
    """
    shown = _results(record, lang) if results or record.results is None else _results_head(lang)
    sections = [section for section in (*_protocol(record, lang), shown, _rest(record, lang)) if section.filled]
    title, official = record.title, record.identification.official_title
    return RecordPage(
        id=record.id,
        title=title,
        subtitle=official if official != title else "",
        lang=lang,
        chips=_chips(record, lang),
        sections=tuple(sections),
        has_results=record.results is not None,
        record=record,
    )


def _chips(record: StudyRecord, lang: str) -> tuple[str, ...]:
    design = record.design
    shown = [
        word(record.dates.status, lang),
        *(word(phase, lang) for phase in design.phases),
        word(design.study_type, lang),
    ]
    if design.enrolment is not None:
        shown.append(f"{label('enrolment', lang)} {design.enrolment}")
    return tuple(chip for chip in shown if chip)


def _protocol(record: StudyRecord, lang: str) -> Iterator[Section]:
    def section(key: str, *blocks: Block) -> Section:
        return Section(key, label(key, lang), tuple(blocks))

    yield section("summary", Prose(record.brief_summary))
    yield section("identity", _identity(record, lang))
    yield section("status", _status(record, lang))
    yield section("description", Prose(record.detailed_description))
    yield section("conditions", *_conditions(record, lang))
    yield section("design", _design(record.design, lang))
    yield section("arms", *_arms(record, lang))
    yield section("outcomes", _outcomes(record, lang))
    yield section("eligibility", *_eligibility(record, lang))
    yield section("sponsor", _sponsor(record, lang))
    yield section("contacts", _contacts(record, lang))
    yield section("sites", _sites(record, lang))
    yield section("references", *_references(record, lang))
    yield section("sharing", _sharing(record, lang))
    yield section("documents", _documents(record, lang))
    yield section("oversight", _oversight(record, lang))


def _conditions(record: StudyRecord, lang: str) -> Iterator[Block]:
    yield Bullets("", tuple(map(plain, record.conditions)))
    yield Bullets(label("keywords", lang), tuple(map(plain, record.keywords)))
    yield Bullets(label("terms", lang), record.condition_terms.terms)
    yield Bullets(label("terms_above", lang), record.condition_terms.above)
    yield Bullets(label("intervention_terms", lang), record.intervention_terms.terms)


def _identity(record: StudyRecord, lang: str) -> Facts:
    identity = record.identification
    others = ", ".join(f"{other.id} ({other.domain or word(other.kind, lang)})" for other in identity.secondary_ids)
    return facts(
        lang,
        nct_id=identity.nct_id,
        org_id=identity.org_study_id,
        other_ids=others,
        brief_title=identity.brief_title,
        official_title=identity.official_title if identity.official_title != identity.brief_title else "",
        acronym=identity.acronym,
        organisation=identity.organisation,
        aliases=", ".join(identity.aliases),
    )


def _day(date: RecordDate, lang: str) -> str:
    return f"{date.date} ({word(date.kind, lang)})" if date.kind else date.date


def _status(record: StudyRecord, lang: str) -> Facts:
    dates = record.dates
    return facts(
        lang,
        recruitment=word(dates.status, lang),
        last_known=word(dates.last_known_status, lang),
        why_stopped=dates.why_stopped,
        start=_day(dates.start, lang),
        primary_completion=_day(dates.primary_completion, lang),
        completion=_day(dates.completion, lang),
        first_submitted=dates.first_submitted,
        first_posted=dates.first_posted.date,
        results_posted=dates.results_posted.date,
        updated=dates.updated.date,
        verified=dates.verified,
    )


def _design(design: RecordDesign, lang: str) -> Facts:
    enrolment = "" if design.enrolment is None else f"{design.enrolment}"
    if enrolment and design.enrolment_kind:
        enrolment += f" ({word(design.enrolment_kind, lang)})"
    masking = word(design.masking, lang)
    return facts(
        lang,
        type=word(design.study_type, lang),
        phase=words(design.phases, lang),
        enrolment=enrolment,
        allocation=word(design.allocation, lang),
        model=word(design.intervention_model or design.observational_model, lang),
        purpose=word(design.primary_purpose, lang),
        time_perspective=word(design.time_perspective, lang),
        masking=f"{masking} ({words(design.masked, lang)})" if design.masked else masking,
        model_description=design.model_description,
        masking_description=design.masking_description,
    )


def _arms(record: StudyRecord, lang: str) -> Iterator[Grid]:
    yield Grid(
        "",
        tuple(label(key, lang) for key in ("arm", "kind", "what", "interventions")),
        tuple(
            (
                plain(a.label),
                word(a.kind, lang),
                plain(a.description),
                "; ".join(_given(i, lang) for i in a.interventions),
            )
            for a in record.arms
        ),
    )
    yield Grid(
        label("interventions", lang),
        tuple(label(key, lang) for key in ("name", "kind", "what", "for_arms", "other_names")),
        tuple(
            (plain(i.name), word(i.kind, lang), plain(i.description), "; ".join(i.arms), "; ".join(i.other_names))
            for i in record.interventions
        ),
    )


def _given(text: str, lang: str) -> str:
    """An intervention of an arm, which the registry writes with its kind before it: "Drug: X"."""
    kind, mark, name = text.partition(": ")
    code = kind.upper().replace(" ", "_")
    return f"{word(code, lang)}: {plain(name)}" if mark and code in VALUES else plain(text)


def _outcomes(record: StudyRecord, lang: str) -> Grid:
    return Grid(
        "",
        tuple(label(key, lang) for key in ("rank", "measure", "about", "time_frame")),
        tuple(
            (word(o.rank.upper(), lang), plain(o.measure), plain(o.description), plain(o.time_frame))
            for o in record.outcomes
        ),
    )


def _eligibility(record: StudyRecord, lang: str) -> Iterator[Block]:
    rules = record.eligibility
    ages = _ages(rules.minimum_age, rules.maximum_age, lang)
    yield facts(
        lang,
        ages=ages,
        standard_ages=words(rules.standard_ages, lang),
        sex=word(rules.sex, lang),
        volunteers=_said(rules.healthy_volunteers, lang),
        study_population=rules.population,
        sampling=word(rules.sampling, lang),
    )
    criteria = split_criteria(rules.criteria)
    yield Bullets(label("criteria", lang), criteria.preamble)
    yield Bullets(label("inclusion", lang), criteria.inclusion)
    yield Bullets(label("exclusion", lang), criteria.exclusion)


def _ages(lowest: str, highest: str, lang: str) -> str:
    years = label("years", lang)
    low, high = (text.replace("Years", years).replace("Year", years) for text in map(age_limit, (lowest, highest)))
    if low and high:
        low = low.removesuffix(years).strip() if high.endswith(years) else low
        return f"{low} {label('to', lang)} {high}"
    return f"{low} {label('and_older', lang)}" if low else (f"{label('up_to', lang)} {high}" if high else "")


def _agency(name: str, kind: str) -> str:
    return f"{name} ({kind})" if name and kind else name


def _sponsor(record: StudyRecord, lang: str) -> Facts:
    responsible = record.responsible
    named = ", ".join(part for part in (responsible.name, responsible.title, responsible.affiliation) if part)
    kind = word(responsible.kind, lang)
    return facts(
        lang,
        lead=_agency(record.sponsor.name, word(record.sponsor.kind, lang)),
        responsible=f"{kind}: {named}" if named and kind else kind or named,
        collaborators="; ".join(agency.name for agency in record.collaborators),
    )


def _contacts(record: StudyRecord, lang: str) -> Grid:
    rows = [(c.name, word(c.role, lang), c.phone, c.email) for c in record.central_contacts]
    rows += [(o.name, word(o.role, lang), o.affiliation, "") for o in record.officials]
    return Grid("", tuple(label(key, lang) for key in ("name", "role", "phone", "email")), tuple(rows))


def _sites(record: StudyRecord, lang: str) -> Grid:
    return Grid(
        "",
        tuple(label(key, lang) for key in ("facility", "city", "state", "country", "recruitment", "contact")),
        tuple(
            (s.facility, s.city, s.state, s.country, word(s.status, lang), ", ".join(c.name for c in s.contacts))
            for s in record.locations
        ),
    )


def _oversight(record: StudyRecord, lang: str) -> Facts:
    rules = record.oversight
    return facts(
        lang,
        committee=_said(rules.data_monitoring, lang),
        fda_drug=_said(rules.fda_drug, lang),
        fda_device=_said(rules.fda_device, lang),
        unapproved_device=_said(rules.unapproved_device, lang),
        us_export=_said(rules.us_export, lang),
    )


def _said(flag: bool | None, lang: str) -> str:
    return "" if flag is None else word("YES" if flag else "NO", lang)


def _references(record: StudyRecord, lang: str) -> Iterator[Links]:
    def told(text: str, kind: str) -> str:
        return f"{plain(text)} [{word(kind, lang)}]" if kind else plain(text)

    cited = (
        (told(r.citation, r.kind), f"https://pubmed.ncbi.nlm.nih.gov/{r.pmid}/" if r.pmid.isdigit() else "")
        for r in record.references
    )
    yield Links("", tuple(cited))
    yield Links("", tuple((plain(link.label) or link.url, followed(link.url)) for link in record.links))


def followed(url: str) -> str:
    """An address that a page may link to; "" for anything but the web (a record is written by strangers)."""
    return url if re.match(r"https?://[^\s<>\"']+$", url, re.IGNORECASE) else ""


def _documents(record: StudyRecord, lang: str) -> Grid:
    return Grid(
        "",
        tuple(label(key, lang) for key in ("document", "date", "file", "size")),
        tuple(
            (d.label, d.date, d.file, "" if d.size is None else f"{d.size / 1024:,.0f} kB") for d in record.documents
        ),
    )


def _sharing(record: StudyRecord, lang: str) -> Facts:
    plan = record.sharing
    return facts(
        lang,
        plan=word(plan.plan, lang),
        about=plan.description,
        kinds=words(plan.kinds, lang),
        time_frame=plan.time_frame,
        access=plan.access,
        url=plan.url,
    )


def _results(record: StudyRecord, lang: str) -> Section:
    title = label("results", lang)
    if record.results is None:
        return Section("results", title, (Prose(label("pending", lang)),))
    return Section("results", title, (), tuple(result_sections(record.results, lang)))


def _results_head(lang: str) -> Section:
    return Section("results", label("results", lang), (Prose(label("results", lang)),))


def _rest(record: StudyRecord, lang: str) -> Section:
    """What the record holds beyond the registry's known fields, as it stands."""
    return Section("rest", label("rest", lang), (Facts(rest(record.data)),))
