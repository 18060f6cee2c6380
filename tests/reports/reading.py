"""What is in a PDF: its text through the fonts' own maps, its metadata, and every stream unpacked."""

import io
import re

import pikepdf


def opened(made):
    return pikepdf.open(io.BytesIO(made))


def text_of(made):
    """Page after page in drawing order, without layout: good for finding words."""
    with opened(made) as pdf:
        return "\n".join("".join(_drawn(page, page.get("/Resources"))) for page in pdf.pages)


def pages_of(made):
    with opened(made) as pdf:
        return len(pdf.pages)


def everything_in(made):
    """Text, metadata, and all strings and unpacked streams, as one haystack."""
    found = [text_of(made)]

    with opened(made) as pdf:
        found.append(str(pdf.docinfo))
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Stream):
                found.append(thing.read_bytes().decode("latin-1"))
            found.append(_shown(thing))

    return "\n".join(found)


def _shown(thing):
    if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        return "\n".join(
            str(value) for value in thing.values() if isinstance(value, pikepdf.String | pikepdf.Name)
        )
    return str(thing) if isinstance(thing, pikepdf.String) else ""


def _drawn(source, resources):
    """The text that a page's stream draws, in order, and that of every form drawn in it."""
    maps = {name: _unicode(font) for name, font in (resources.get("/Font") or {}).items()}
    current = {}

    for operands, operator in pikepdf.parse_content_stream(source):
        match str(operator):
            case "Tf":
                current = maps.get(str(operands[0]), {})
            case "Tj":
                yield _shown_text(operands, current)
            case "TJ":
                yield _shown_text(operands[0], current)
            case "ET":
                yield "\n"
            case "Do":
                inner = resources["/XObject"][operands[0]]
                if inner.get("/Subtype") == "/Form":
                    yield from _drawn(inner, inner.get("/Resources") or resources)


def _shown_text(parts, letters):
    return "".join(_decoded(bytes(part), letters) for part in parts if isinstance(part, pikepdf.String))


def _decoded(raw, current):
    return "".join(current.get(raw[i : i + 2], "\ufffd") for i in range(0, len(raw), 2))


def _unicode(font):
    cmap = font["/ToUnicode"].read_bytes().decode("latin-1")
    found = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", cmap, re.S):
        for code, letters in re.findall(r"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>", block):
            found[bytes.fromhex(code)] = bytes.fromhex(letters).decode("utf-16-be")
    return found


def structure_of(made):
    """Every structure element as (type, scope, alternative text)."""
    with opened(made) as pdf:
        waiting = [pdf.Root.StructTreeRoot]
        found = []

        while waiting:
            element = waiting.pop(0)
            if "/S" in element:
                attributes = element.get("/A", {})
                scope = str(attributes.get("/Scope", ""))
                found.append((str(element["/S"]), scope, str(element.get("/Alt", ""))))

            kids = element.get("/K")
            if not isinstance(kids, pikepdf.Array):
                kids = [kids]
            waiting += [kid for kid in kids if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]

        return found
