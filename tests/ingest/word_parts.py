"""Raw parts of Word documents: lists, styles and tables beyond what python-docx writes."""

from __future__ import annotations

from tests.ingest.office_files import Reading, word_body


def level(at: int, form: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def lists(*definitions: tuple[int, str]) -> str:
    """Abstract definitions: number and inside."""
    return "".join(
        f'<w:abstractNum w:abstractNumId="{at}">{inside}</w:abstractNum>'
        for at, inside in definitions
    )


NUMBERING = lists(
    (
        0,
        level(0, "decimal", "%1.", '<w:pStyle w:val="Heading1"/>')
        + level(1, "decimal", "%1.%2")
        + level(2, "lowerLetter", "(%3)")
        + level(3, "lowerRoman", "(%4)"),
    ),
    (1, level(0, "bullet", "\uf0b7") + level(1, "bullet", "-")),
    (
        2,
        level(0, "upperRoman", "Part %1")
        + level(
            1,
            "decimal",
            "%1.%2",
            '<w:lvlRestart w:val="0"/><w:isLgl/><w:suff w:val="nothing"/>',
        ),
    ),
    (3, '<w:numStyleLink w:val="Legal"/>'),
    (4, '<w:styleLink w:val="Legal"/>' + level(0, "ordinal", "%1").replace('"1"', '"7"')),
) + "".join(
    f'<w:num w:numId="{at}"><w:abstractNumId w:val="{definition}"/>{override}</w:num>'
    for at, definition, override in (
        (1, 0, ""),
        (2, 1, ""),
        (3, 0, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'),
        (4, 2, ""),
        (5, 3, ""),
    )
)


def style(identity: str, name: str, inside: str = "", kind: str = "paragraph") -> str:
    opening = f'<w:style w:type="{kind}" w:styleId="{identity}"><w:name w:val="{name}"/>'
    return f"{opening}{inside}</w:style>"


STYLES = (
    style("Normal", "Normal").replace("w:styleId", 'w:default="1" w:styleId')
    + style(
        "Heading1",
        "heading 1",
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr>',
    )
    + style("Ueber2", "Heading 2")
    + style("Mine", "Mine", '<w:basedOn w:val="Ueber2"/>')
    + style("Loop", "Loop", '<w:basedOn w:val="Loop"/>')
    + style("Secret", "Secret", "<w:rPr><w:vanish/></w:rPr>")
    + style("Ghost", "Ghost", "<w:rPr><w:vanish/></w:rPr>", "character")
)


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def cell(inside: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside}</w:tc>"


def lines_of(read: Reading, body: str, **parts: str) -> list[str]:
    """The text's lines, without empty ones."""
    text = read("a.docx", word_body(body, **parts)).text
    return [line for line in text.split("\n") if line]
