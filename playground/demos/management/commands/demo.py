"""manage.py demo record|replay|check: recordings from scripts or live clusters, replays, and whether they end as recorded."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cluster_core.machinery.clock import SECOND
from cluster_core.persistence.log import ClusterUnknown
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError as Refused
from cluster_core.simulation.replay import label
from playground.demos import catalogue, demo, playing
from playground.demos.demo import Demo
from playground.grading import livecluster


class Command(BaseCommand):
    help = "Record, replay and check demos."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        record = actions.add_parser("record", help="write a demo from a script, or from what was recorded of a cluster")
        record.add_argument("source", help="a file with apply, kubectl and command steps, or a cluster's name")
        record.add_argument("file", type=Path, metavar="FILE", help="what to write")
        record.add_argument("--title", default="")
        replay = actions.add_parser("replay", help="replay in this process and tell each step")
        replay.add_argument("file", type=Path, metavar="FILE")
        replay.add_argument("--speed", type=float, default=0, help="times real time; without: as fast as possible")
        check = actions.add_parser("check", help="does each end in the state it was recorded with?")
        check.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['action']}")(options)

    def _record(self, options: dict[str, Any]) -> None:
        path = Path(options["source"])
        try:
            found = playing.record(_load(path)) if path.is_file() else _of_cluster(options)
        except (playing.CannotPlay, Refused) as error:
            raise CommandError(str(error)) from error
        options["file"].write_text(demo.dump(found))
        self.stdout.write(f"{options['file']}: {len(found.steps)} steps, {found.seconds:g} virtual seconds")
        for each in found.gaps:
            self.stdout.write(f"  not part of it: {each}")

    def _replay(self, options: dict[str, Any]) -> None:
        found, began = _load(options["file"]), time.monotonic()
        try:
            cluster = playing.begin(found, found.name)
        except playing.CannotPlay as error:
            raise CommandError(str(error)) from error
        for entry in cluster.replay.entries:
            if options["speed"]:
                time.sleep(max(0.0, began + entry["at"] / SECOND / options["speed"] - time.monotonic()))
            _reach(cluster)
            self.stdout.write(f"{entry['at'] / SECOND:10.3f} s  {label(entry)}")
        playing.finish(cluster, found)
        self.stdout.write(f"ends at {found.seconds:g} s in state {cluster.state_hash()}")

    def _check(self, options: dict[str, Any]) -> None:
        failed = False
        for path in options["files"]:
            try:
                found = playing.complaints(_load(path))
            except CommandError as error:
                found = [str(error)]
            self.stdout.write(f"{path}: {'; '.join(found) or 'ok'}")
            failed = failed or bool(found)
        if failed:
            raise SystemExit(1)


def _reach(cluster: Cluster) -> None:
    """Up to and including the next step of the replay."""
    done, due = cluster.replay.done, cluster.replay.next_due()
    while due is not None and cluster.replay.done == done and cluster.run(due, 1):
        continue


def _load(path: Path) -> Demo:
    try:
        return catalogue.load_file(path)
    except (OSError, demo.DemoError) as error:
        raise CommandError(str(error)) from error


def _of_cluster(options: dict[str, Any]) -> Demo:
    """What a live cluster's recorder remembered when it was last saved."""
    try:
        cluster = Cluster.load(livecluster.saved(options["source"]))
    except ClusterUnknown as error:
        raise CommandError(f'there is no file and no cluster "{options["source"]}"') from error
    name = options["source"]
    told = cluster.command("demo-entries", {})
    return demo.of_recording(name=name, title=options["title"] or name, description="", told=told)
