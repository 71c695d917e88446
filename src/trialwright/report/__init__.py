"""Reports: the results section of the registry record, tables and figures as files, and one page with everything."""

from trialwright.report.closes import check_results_section
from trialwright.report.page import page
from trialwright.report.record import files, record_with_results
from trialwright.report.section import results_section

__all__ = ["check_results_section", "files", "page", "record_with_results", "results_section"]
