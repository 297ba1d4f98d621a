"""What 06_package shows."""

import zipfile
from collections.abc import Iterator

from IPython.display import HTML, Image

from videoprep_nb.exports.dense_proposals import DenseProposals
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.stages.package.stage import PackageResult
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.proposals_on_frames import proposals_on_frames

_MAX_ENTRIES = 40


def package_tree(result: PackageResult) -> HTML:
    """The entries of the package with their sizes."""
    return tables.preformatted(_tree(result))


def verdict(result: PackageResult) -> HTML:
    """What the validator says; a package with findings is never published."""
    return tables.remarks(result.findings, "The validator read the package back and found no problems.")


def packed_proposals(result: PackageResult, proposals: DenseProposals) -> Image | HTML:
    """The proposals on JPEGs read back out of the package."""
    with zipfile.ZipFile(result.path) as package:

        def read(clip: str, name: str) -> RgbImage:
            with package.open(f"frames/{clip}.zip") as entry, zipfile.ZipFile(entry) as clip_zip:
                return images.read_jpeg(clip_zip.read(name))

        return proposals_on_frames(proposals, read, "Proposals on frames read back from the package")


def package_summary(result: PackageResult) -> HTML:
    """Size, hash and contents of the package."""
    return tables.facts(
        [
            ("package", result.path.name),
            ("size", tables.size(result.size_bytes)),
            ("frames", f"{result.frame_count:,}"),
            ("clips", f"{result.clip_count:,}"),
            ("clips left out", f"{len(result.left_out):,}"),
            ("formats in it", ", ".join(result.added) or "none"),
            ("SHA-256", result.sha256),
        ]
    )


def written_exports(result: PackageResult) -> HTML:
    """The files beside the package: the manifest, and the formats that were asked for."""
    rows = [(result.manifest.name, "manifest", tables.size(result.manifest.stat().st_size))]
    rows += [
        (export.path.name, export.name, export.problem or tables.size(export.size_bytes)) for export in result.exports
    ]
    return tables.table(["file", "format", "size"], rows)


def _tree(result: PackageResult) -> Iterator[str]:
    """The lines of the tree, names on the left and sizes in a column on the right."""
    shown = result.entries[:_MAX_ENTRIES]
    lines: list[tuple[str, str]] = [(result.path.name, tables.size(result.size_bytes))]
    folder = ""
    for entry in shown:
        parent, _, name = entry.name.rpartition("/")
        if parent != folder:
            lines.append((f"├── {parent}/", ""))
            folder = parent
        lines.append((f"│   ├── {name}" if parent else f"├── {name}", tables.size(entry.size_bytes)))
    name_width = max(len(name) for name, _ in lines) + 2
    size_width = max(len(size) for _, size in lines)
    yield from (f"{name:<{name_width}}{size:>{size_width}}" for name, size in lines)
    if len(shown) < len(result.entries):
        yield f"    … and {len(result.entries) - len(shown):,} more"
