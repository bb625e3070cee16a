"""What a release consists of, and that its workflows run only what was read."""

from pathlib import Path
import re
import subprocess
import sys
import zipfile

import pytest

ROOT = Path(__file__).parent.parent
INTEGRATION = ROOT / "custom_components" / "tuya_wifi_lock"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def release(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Build a release as the workflow does."""
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "releasing.py", *map(str, arguments)],
        capture_output=True,
        check=False,
        text=True,
    )


def test_the_zip_is_the_integration(tmp_path: Path) -> None:
    """HACS unpacks it into the integration's own folder, so the manifest is on top."""
    built = release(tmp_path)
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(tmp_path / "tuya_wifi_lock.zip") as archive:
        names = archive.namelist()
        assert {"manifest.json", "__init__.py", "translations/en.json", "brand/icon.png"} <= set(
            names
        )
        assert not [name for name in names if name.startswith("/") or "__pycache__" in name]
        for name in names:
            assert archive.read(name) == (INTEGRATION / name).read_bytes()
    assert (tmp_path / "notes.md").read_text("utf-8").strip()


def test_a_tag_of_another_version_builds_nothing(tmp_path: Path) -> None:
    built = release(tmp_path / "dist", "--tag", "v99.0.0")
    assert built.returncode == 1
    assert "the tag: 99.0.0" in built.stderr
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_are_pinned_by_commit(workflow: Path) -> None:
    """A tag of somebody else's action can be moved; a commit cannot."""
    used = re.findall(r"uses: (\S+)", workflow.read_text("utf-8"))
    assert used
    assert not [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one)]
    assert "concurrency:" in workflow.read_text("utf-8")
