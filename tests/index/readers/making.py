"""Makes small documents of each format."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence

BRIDGE = "The bridge over the Mirk was opened on Saturday, after nine years of work by three towns."
MAYOR = "“We have waited long enough for this day,” said the mayor, Ann Lee, to the people on it."
TOLL = "Crossing it costs 2.50 for a car, and nothing at all for those who come by foot or bicycle."


def page(body: str, head: str = "") -> bytes:
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>".encode()


def article_page() -> bytes:
    head = (
        "<title>Bridge opens | The Gazette</title>"
        '<meta property="og:site_name" content="The Gazette">'
        '<link rel="canonical" href="https://gazette.example/bridge">'
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Bridge opens", '
        '"datePublished": "2025-03-01T10:00:00+01:00", "author": [{"name": "Jane Doe"}]}</script>'
    )
    paragraphs = "".join(f"<p>{each}</p>" for each in (BRIDGE, MAYOR, TOLL))
    return page(
        f"<nav><a href='/'>Home</a> <a href='/news'>News</a></nav>"
        f"<article><h1>Bridge opens</h1>{paragraphs}</article><footer>Imprint</footer>",
        head,
    )


def pdf(pages: Sequence[str], title: str = "", password: str = "") -> bytes:
    from fpdf import FPDF

    made = FPDF()
    made.set_font("Helvetica", size=12)
    if title:
        made.set_title(title)
    if password:
        made.set_encryption(owner_password=password, user_password=password)
    for text in pages:
        made.add_page()
        made.multi_cell(0, 6, text)
    return bytes(made.output())


def pdf_with_pages(count: int) -> bytes:
    """A PDF of many empty pages, all of them the same object."""
    parts = [b"%PDF-1.4\n"]
    offsets = []
    for number, body in enumerate(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [" + b"3 0 R " * count + b"] /Count %d >>" % count,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        ),
        start=1,
    ):
        offsets.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = sum(map(len, parts))
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(b"xref\n0 4\n0000000000 65535 f \n" + table)
    parts.append(b"trailer << /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start)
    return b"".join(parts)


def docx(*paragraphs: str, title: str = "", author: str = "") -> bytes:
    from docx import Document

    made = Document()
    made.core_properties.title, made.core_properties.author = title, author
    for text in paragraphs:
        made.add_paragraph(text)
    return saved(made)


def saved(document) -> bytes:  # type: ignore[no-untyped-def]
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zipped(entries: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def epub(*chapters: str, package_start: str = "") -> bytes:
    items = "".join(
        f'<item id="c{n}" href="text/chapter-{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(1, len(chapters) + 1)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(1, len(chapters) + 1))
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    package = (
        f'<?xml version="1.0"?>{package_start}<package xmlns="http://www.idpf.org/2007/opf">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Bridges</dc:title>'
        "<dc:creator>Jane Doe</dc:creator><dc:creator>Ann Lee</dc:creator><dc:date>2024-05-01"
        "</dc:date><dc:publisher>Mirk Press</dc:publisher><dc:language>en</dc:language></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    pages = {
        f"OEBPS/text/chapter-{n}.xhtml": '<?xml version="1.0" encoding="utf-8"?>'
        f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>'
        f"<body>{chapter}</body></html>"
        for n, chapter in enumerate(chapters, start=1)
    }
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "OEBPS/book.opf": package,
            **pages,
        }
    )


def mail(body: str = BRIDGE, subject: str = "Bridge opens") -> bytes:
    return (
        "From: Jane Doe <jane@gazette.example>\r\nTo: all@gazette.example\r\n"
        f"Subject: {subject}\r\nDate: Sat, 1 Mar 2025 10:00:00 +0100\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
    ).encode()


def mailbox(*messages: bytes) -> bytes:
    return b"".join(b"From jane Sat Mar  1 10:00:00 2025\n" + each + b"\n" for each in messages)


def rss(*items: str, start: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{start}<rss version="2.0"><channel>'
        f"<title>The Gazette</title><language>en</language>{''.join(items)}</channel></rss>"
    ).encode()


def rss_item(title: str = "Bridge opens", text: str = BRIDGE) -> str:
    return (
        f"<item><title>{title}</title><link>https://gazette.example/{title.lower()[:5]}</link>"
        f"<description><![CDATA[<p>{text}</p><p>{TOLL}</p>]]></description>"
        "<pubDate>Sat, 01 Mar 2025 10:00:00 +0100</pubDate></item>"
    )


def atom() -> bytes:
    return (
        '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>The Gazette</title>'
        "<entry><title>Bridge opens</title><author><name>Jane Doe</name></author>"
        '<link href="https://gazette.example/bridge"/><published>2025-03-01T10:00:00Z</published>'
        f'<content type="html">&lt;p&gt;{BRIDGE}&lt;/p&gt;</content></entry></feed>'
    ).encode()


ROWS = (
    {"headline": "Bridge opens", "body": BRIDGE, "date": "2025-03-01", "byline": "Jane Doe"},
    {"headline": "Toll is low", "body": TOLL, "date": "2025-03-02", "byline": "Ann Lee"},
)


def lines(rows: Sequence[Mapping[str, object]] = ROWS) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def table() -> bytes:
    cells = [[f'"{cell}"' for cell in row.values()] for row in ROWS]
    return "\n".join([",".join(ROWS[0]), *map(",".join, cells), ""]).encode()


SAMPLES: dict[str, bytes] = {}
"""By suffix, a valid document."""


def samples() -> dict[str, bytes]:
    if not SAMPLES:
        SAMPLES.update(
            {
                ".txt": f"Bridge opens\n\n{BRIDGE}\n".encode(),
                ".md": f"# Bridge opens\n\n{BRIDGE}\n".encode(),
                ".html": article_page(),
                ".htm": article_page(),
                ".pdf": pdf([BRIDGE, TOLL], title="Bridge opens"),
                ".docx": docx("Bridge opens", BRIDGE, title="Bridge opens"),
                ".epub": epub(f"<h1>One</h1><p>{BRIDGE}</p>", f"<p>{TOLL}</p>"),
                ".eml": mail(),
                ".mbox": mailbox(mail(), mail(TOLL, "Toll")),
                ".rss": rss(rss_item(), rss_item("Toll")),
                ".atom": atom(),
                ".xml": rss(rss_item()),
                ".json": json.dumps(ROWS).encode(),
                ".jsonl": lines(),
                ".ndjson": lines(),
                ".csv": table(),
                ".zip": zipped({"a.txt": BRIDGE, "pages/b.html": article_page()}),
            }
        )
    return SAMPLES
