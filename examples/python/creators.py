"""Gives every creator of a CSV a link, by one batch, and prints the links with their clicks.

    APPROUTE_API_KEY=… python creators.py ../creators.csv

Run it again: links that are there already are found by their external id, and nothing is made twice.
"""

from __future__ import annotations

import csv
import itertools
import sys

import approute
from approute.types import LinkCreate

PROGRAM = "creators-example-python"

# The most that one batch carries out.
BATCH = 1000

COLUMNS = ("external_id", "name", "platform", "slug", "sub_id", "destination", "app_store_id", "package_name")


def read(path: str) -> list[LinkCreate]:
    """A link of each row, by the names in the first one."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or [])]
        if missing:
            raise SystemExit(f"creators: {path} has no column {missing[0]}")
        return [link_of(row) for row in rows]


def link_of(row: dict[str, str]) -> LinkCreate:
    """What a row asks for."""
    link: LinkCreate = {
        "url": row["destination"],
        "external_id": row["external_id"],
        "title": row["name"],
        "slug": f"{row['slug']}-py",
        "sub_id": row["sub_id"],
        "program_id": PROGRAM,
        "tags": [row["platform"]],
        "utm": {"source": row["platform"]},
    }
    if row["app_store_id"]:
        link.setdefault("targets", {})["ios"] = {"app_store_id": row["app_store_id"]}
    if row["package_name"]:
        link.setdefault("targets", {})["android"] = {"package_name": row["package_name"]}
    return link


def run(client: approute.Client, path: str) -> None:
    wanted = read(path)
    there = {link.external_id for link in client.links.list(program_id=PROGRAM, limit=100)}
    missing = (link for link in wanted if link.get("external_id") not in there)
    made = 0
    while chunk := list(itertools.islice(missing, BATCH)):
        # All or nothing: a broken row stops the batch and is named, and a retry of the SDK makes nothing twice.
        made += client.links.batch(create=chunk, atomic=True).summary.succeeded
    print(f"{made} links made" if made else "all links are there")
    for link in client.links.list(program_id=PROGRAM, limit=100, prefetch=True):
        print(f"{link.sub_id or '':32} {link.click_count:6} {link.short_url}")


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python creators.py CREATORS.csv")
    try:
        with approute.Client() as client:
            run(client, sys.argv[1])
    except approute.UnprocessableEntityError as error:
        lines = [f"  {field.pointer}: {field.message}" for field in error.errors]
        raise SystemExit("\n".join([f"creators: {error}", *lines])) from error
    except approute.ApprouteError as error:
        raise SystemExit(f"creators: {error}") from error


if __name__ == "__main__":
    main()
