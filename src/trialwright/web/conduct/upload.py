"""Files on their way in: none larger than is allowed, and none that arrived only in part is taken for whole."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from trialwright.kernel.errors import Refused
from trialwright.web.page import words

_CUT, _LARGE = "upload.cut", "upload.large"


class Watch(FileUploadHandler):
    """Goes before the handlers that keep files: notes what was cut off, and lets nothing through that is too large."""

    _stream: Any = None
    _kept = 0

    def handle_raw_input(self, input_data: Any, *args: Any, **kwargs: Any) -> None:
        self._stream = input_data

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._kept = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """A chunk beyond the limit goes nowhere; the file is refused by its name when the form is read."""
        self._kept += len(raw_data)
        if self._kept <= settings.TRIALWRIGHT_UPLOAD * 2**20:
            return raw_data
        self._marks().setdefault(_LARGE, set()).add(self.field_name)
        return None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        return None

    def upload_complete(self) -> None:
        """A stream that ends before the length that was announced was cut."""
        if getattr(self._stream, "_pos", 0) < getattr(self._stream, "limit", 0):
            self._marks()[_CUT] = True

    def upload_interrupted(self) -> None:
        self._marks()[_CUT] = True

    def _marks(self) -> dict[str, Any]:
        """What the view learns of the upload travels with the request."""
        assert self.request is not None, "Django makes a handler for a request"
        return self.request.META


def is_cut(request: HttpRequest) -> bool:
    """Whether less arrived than was announced. Reading the form (`request.POST`) finds out."""
    return _CUT in request.META


def check(request: HttpRequest, field: str, file: UploadedFile[Any]) -> None:
    """Raises Refused for a file that arrived only in part or is too large."""
    t = words(request)
    if is_cut(request):
        raise Refused(t("form.cut_file", name=file.name))
    if field in request.META.get(_LARGE, ()):
        raise Refused(t("form.large_file", name=file.name, n=settings.TRIALWRIGHT_UPLOAD))
