"""A package is uploaded once for the same code, and not at all when it would not run where it goes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from apps import brokerage, desk
from recorded import stack_of

from isthmus.provision.demand import demand_of
from isthmus.provision.packages import PackageMissing, WheelsDoNotFit, archived, migrations_of, packages_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "package"
    (inside / "desk").mkdir(parents=True)
    (inside / "function_app.py").write_text("app = None\n")
    (inside / "host.json").write_text("{}")
    (inside / "desk" / "app.py").write_text("x = 1\n")
    (inside / "local.settings.json").write_text('{"Values": {"x": "1"}}')
    return inside


def installed(folder: Path, tag: str) -> None:
    about = folder / ".python_packages/lib/site-packages/psycopg_binary-3.3.9.dist-info"
    about.mkdir(parents=True)
    (about / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")


def test_the_same_code_is_the_same_archive_byte_for_byte(folder, tmp_path) -> None:
    first = archived("orders", folder, tmp_path / "one")
    for file in folder.rglob("*.py"):
        file.touch()
    second = archived("orders", folder, tmp_path / "two")

    assert first.digest == second.digest
    assert first.archive.read_bytes() == second.archive.read_bytes()


def test_changed_code_has_another_digest_and_another_name(folder, tmp_path) -> None:
    before = archived("orders", folder, tmp_path)
    (folder / "desk" / "app.py").write_text("x = 2\n")
    after = archived("orders", folder, tmp_path)

    assert before.digest != after.digest
    assert before.archive.name != after.archive.name


def test_what_a_package_says_to_people_is_not_deployed(folder, tmp_path) -> None:
    with zipfile.ZipFile(archived("orders", folder, tmp_path).archive) as opened:
        assert sorted(opened.namelist()) == ["desk/app.py", "function_app.py", "host.json"]


def test_migrations_are_homes_code_with_another_door(folder, tmp_path) -> None:
    home = archived("orders", folder, tmp_path)
    migrations = migrations_of(home, stack_of("azure"))

    with zipfile.ZipFile(migrations.archive) as opened:
        assert b"migrating_app" in opened.read("function_app.py")
        assert opened.read("desk/app.py") == b"x = 1\n"
    assert migrations.digest != home.digest


@pytest.mark.parametrize("tag", ["cp313-cp313-manylinux_2_28_x86_64", "cp39-abi3-manylinux2014_x86_64", "py3-none-any"])
def test_wheels_for_the_platform_are_carried(folder, tmp_path, tag) -> None:
    installed(folder, tag)

    assert archived("orders", folder, tmp_path).carries_wheels


@pytest.mark.parametrize(
    "tag", ["cp313-cp313-macosx_11_0_arm64", "cp312-cp312-manylinux_2_28_x86_64", "cp313-cp313-musllinux_1_2_x86_64"]
)
def test_wheels_for_another_platform_or_python_are_refused_by_name(folder, tmp_path, tag) -> None:
    installed(folder, tag)

    with pytest.raises(WheelsDoNotFit, match=r"psycopg_binary-3.3.9 is for .*ISTH282"):
        archived("orders", folder, tmp_path)


def test_a_folder_without_the_package_of_a_unit_is_refused(folder, tmp_path) -> None:
    stack = stack_of("azure", packages=str(folder))

    with pytest.raises(PackageMissing, match="no package of unit orders"):
        packages_of(stack, demand_of(desk(), "azure"), tmp_path)


def test_without_a_folder_the_program_has_the_packages_written(tmp_path) -> None:
    pytest.importorskip("azure.functions")
    stack = stack_of("azure")

    found = packages_of(stack, demand_of(brokerage(), "azure"), tmp_path)
    again = packages_of(stack, demand_of(brokerage(), "azure"), tmp_path)

    assert {name: one.digest for name, one in found.items()} == {name: one.digest for name, one in again.items()}
    assert (found["normal"].folder / "requirements.txt").is_file()


def test_an_app_that_cannot_be_packaged_is_refused_in_the_words_of_the_command(tmp_path) -> None:
    with pytest.raises(PackageMissing, match="ISTH281") as refused:
        packages_of(stack_of("azure", app="isthmus.handlers.app:nothing"), demand_of(brokerage(), "azure"), tmp_path)

    assert "has no App named 'nothing'" in str(refused.value)
