"""What stands on a PDF page without being in its content: form fields and comments."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

_ANNOTATIONS = 5_000  # looked at per page
_SAID = {
    raw.FPDF_ANNOT_TEXT: "Note",
    raw.FPDF_ANNOT_FREETEXT: "Text",
    raw.FPDF_ANNOT_HIGHLIGHT: "Highlight",
    raw.FPDF_ANNOT_UNDERLINE: "Underline",
    raw.FPDF_ANNOT_SQUIGGLY: "Underline",
    raw.FPDF_ANNOT_STRIKEOUT: "Strikeout",
    raw.FPDF_ANNOT_STAMP: "Stamp",
    raw.FPDF_ANNOT_CARET: "Insertion",
    raw.FPDF_ANNOT_SQUARE: "Comment",
    raw.FPDF_ANNOT_CIRCLE: "Comment",
    raw.FPDF_ANNOT_LINE: "Comment",
    raw.FPDF_ANNOT_POLYGON: "Comment",
    raw.FPDF_ANNOT_INK: "Comment",
}
"""Kinds of annotation whose words a reader sees; links and pop-ups have none of their own."""

_TICKED = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
_VALUED = (
    raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX,
)  # fmt: skip


def lines(document: pdfium.PdfDocument, page: pdfium.PdfPage) -> tuple[list[str], list[str]]:
    """The page's filled form fields and its comments, one line each."""
    fields: list[str] = []
    comments: list[str] = []
    for annotation in _annotations(page):
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if kind == raw.FPDF_ANNOT_WIDGET and document.formenv:
            fields += _field(document.formenv, annotation)
        elif kind in _SAID:
            said = _string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
            author = _string(raw.FPDFAnnot_GetStringValue, annotation, b"T")
            if said:
                comments.append(f"{_SAID[kind]}{f' by {author}' if author else ''}: {said}")
    return fields, comments


def _annotations(page: pdfium.PdfPage) -> Iterator[object]:
    for i in range(min(raw.FPDFPage_GetAnnotCount(page), _ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, i)
        if annotation:
            yield annotation
            raw.FPDFPage_CloseAnnot(annotation)


def _field(form: object, annotation: object) -> list[str]:
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    name = _string(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
    name = name or _string(raw.FPDFAnnot_GetFormFieldName, form, annotation) or "unnamed field"
    if kind in _TICKED:
        if not raw.FPDFAnnot_IsChecked(form, annotation):
            return []
        choice = _string(raw.FPDFAnnot_GetFormFieldExportValue, form, annotation)
        return [f"{name}: {choice if choice not in ('', 'On') else 'ticked'}"]
    value = _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation) if kind in _VALUED else ""
    return [f"{name}: {value}"] if value else []


def _string(get: Callable[..., int], *arguments: object) -> str:
    """pdfium's two-call protocol for strings (size in bytes, UTF-16), on one line."""
    size = get(*arguments, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    get(*arguments, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return " ".join(buffer.raw[: size - 2].decode("utf-16-le", "ignore").replace("\0", "").split())
