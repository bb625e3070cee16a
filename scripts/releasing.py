"""Build what a release consists of: the zip that HACS installs, and its notes.

    scripts/release FOLDER [--tag v1.2.3]

The version stands in the manifest, in pyproject.toml, and as the newest heading of CHANGELOG.md;
where they differ, or the tag says another one, nothing is built. The same commit always gives the
same zip.
"""

import argparse
import json
from pathlib import Path
import re
import subprocess
import sys
import tomllib
import zipfile

ROOT = Path(__file__).resolve().parent.parent
INTEGRATION = ROOT / "custom_components" / "tuya_wifi_lock"
NOTHING_IS_OLDER = (1980, 1, 1, 0, 0, 0)


def main() -> int:
    """Build, or say in one sentence what is missing."""
    parser = argparse.ArgumentParser(description="Build the zip and the notes of a release.")
    parser.add_argument("folder", type=Path, help="where to put them")
    parser.add_argument("--tag", help="the tag of the release, as v1.2.3")
    arguments = parser.parse_args()
    manifest = json.loads((INTEGRATION / "manifest.json").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    newest, notes = newest_changes((ROOT / "CHANGELOG.md").read_text("utf-8"))
    versions = {
        "the manifest": manifest["version"],
        "pyproject.toml": project["version"],
        "CHANGELOG.md": newest,
    }
    if arguments.tag:
        versions["the tag"] = arguments.tag.removeprefix("v")
    if len(set(versions.values())) > 1:
        said = ", ".join(f"{where}: {version}" for where, version in versions.items())
        print(f"Not built: the versions differ ({said}).", file=sys.stderr)
        return 1
    arguments.folder.mkdir(parents=True, exist_ok=True)
    (arguments.folder / "notes.md").write_text(notes, "utf-8")
    archive = arguments.folder / json.loads((ROOT / "hacs.json").read_text("utf-8"))["filename"]
    count = build(archive)
    print(f"{archive}: version {newest}, {count} files, {archive.stat().st_size:,} bytes")
    return 0


def newest_changes(changelog: str) -> tuple[str, str]:
    """Return the version of the newest entry of the changelog, and what it says."""
    _, version, text = re.split(r"^## (\S+)\n", changelog, maxsplit=1, flags=re.MULTILINE)
    return version, text.split("\n## ", 1)[0].strip() + "\n"


def build(archive: Path) -> int:
    """Write all files of the integration that are in the repository; return how many they are."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "."], cwd=INTEGRATION, check=True, capture_output=True, text=True
    )
    names = sorted(filter(None, listed.stdout.split("\0")))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name in names:
            entry = zipfile.ZipInfo(name, NOTHING_IS_OLDER)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            target.writestr(entry, (INTEGRATION / name).read_bytes())
    return len(names)


if __name__ == "__main__":
    sys.exit(main())
