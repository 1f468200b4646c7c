"""Draws the wings and their imports into docs/architecture.md: `python -m tests.support.architecture`.

The order comes from the layers contracts in pyproject.toml, the arrows from the imports as they are.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("bot", "ca", "handlers")
BLOCK = re.compile(r"(?s)(<!-- wings of (?P<package>\w+) -->\n).*?(<!-- end -->)")

Arrows = Mapping[str, frozenset[str]]


def layers(package: str) -> list[tuple[str, ...]]:
    """Return the wings of a package from the highest to the lowest; those of one layer do not import each other."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (found,) = [each for each in contracts["contracts"] if each.get("containers") == [package]]
    return [tuple(name.strip() for name in layer.split("|")) for layer in found["layers"]]


def wing_of(module: str, package: str) -> str | None:
    """Return the box that a module belongs to in the picture of this package, or None if it has none."""
    top, _, rest = module.partition(".")
    wing = rest.partition(".")[0]
    if top == package:
        return wing or None
    if top == "handlers":
        return f"{top}/{wing}" if wing else None
    return top if package == "bot" else None


def arrows(package: str) -> Arrows:
    """Return for each wing the wings that it imports directly."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        wing = wing_of(module, package)
        if wing is None:
            continue
        imported = (wing_of(each, package) for each in graph.find_modules_directly_imported_by(module))
        found.setdefault(wing, set()).update(each for each in imported if each not in {None, wing})
    return {wing: frozenset(targets) for wing, targets in found.items()}


def reduced(direct: Arrows) -> Arrows:
    """Leave out each arrow whose target is also reached by a longer way."""
    return {
        wing: frozenset(
            target for target in targets if not any(target in reachable(other, direct) for other in targets - {target})
        )
        for wing, targets in direct.items()
    }


def reachable(wing: str, direct: Arrows) -> frozenset[str]:
    found: set[str] = set()
    waiting = [wing]
    while waiting:
        new = direct.get(waiting.pop(), frozenset()) - found
        found |= new
        waiting += new
    return frozenset(found)


def flowchart(package: str) -> str:
    direct = arrows(package)
    kept = reduced(direct)
    order = [wing for layer in layers(package) for wing in layer]
    order += sorted(set(direct) - set(order)) if package == "bot" else []
    lines = ["```mermaid", "flowchart TD"]
    lines += [f'  {_id(wing)}["{wing}"]' for wing in order]
    lines += [f"  {_id(wing)} --> {_id(target)}" for wing in order for target in sorted(kept.get(wing, ()))]
    count = sum(len(targets) for targets in direct.values())
    shown = sum(len(targets) for targets in kept.values())
    return "\n".join([*lines, "```", "", f"{count} arrows exist; {shown} are drawn."])


def _id(wing: str) -> str:
    """Return a name that Mermaid takes as the name of a box."""
    return "w_" + re.sub(r"\W", "_", wing).strip("_")


def drawn(text: str) -> str:
    """Return the page with each marked block drawn again."""
    return BLOCK.sub(lambda block: f"{block[1]}\n{flowchart(block['package'])}\n\n{block[3]}", text)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
