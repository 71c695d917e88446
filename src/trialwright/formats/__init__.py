"""Codecs without decisions: registry records, SAS transport, Dataset-JSON, Define-XML, SVG, HTML, RTF."""
