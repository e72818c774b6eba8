"""`eessi-spawner labels`: labels that say which EESSI targets a node runs, by Node Feature Discovery or by a Job."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from eessi_spawner.errors import InvalidChoiceError, SetUpError
from eessi_spawner.placement.labels import DEFAULT_PREFIX, Labels
from eessi_spawner.placement.nfd import OLDEST_NFD, node_feature_rule
from eessi_spawner.stack.accelerators import parse_accelerator

DEFAULT_IMAGE = "docker.io/library/busybox:stable"
_SECONDS = 120.0

_HEADER = f"""\
# Rules by which Node Feature Discovery labels the nodes with the EESSI CPU targets that they run.
# Apply them by:  eessi-spawner labels | kubectl apply -f -
# Needs Node Feature Discovery {OLDEST_NFD} or newer; its master may not be told to deny labels of this domain.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "labels",
        help="label the nodes of a cluster with the EESSI CPU targets that they run",
        description="Print rules for Node Feature Discovery, which labels nodes with the EESSI CPU targets that they"
        " run. With --detect, look at each node once by a Job, and print the kubectl commands that label them, or label"
        " them. Exit code 1 if a node could not be looked at or labelled.",
    )
    parser.add_argument(
        "--prefix", default=DEFAULT_PREFIX, metavar="DOMAIN", help="of the labels' keys (default: %(default)s)"
    )
    parser.add_argument("--detect", action="store_true", help="look at the nodes by a Job on each, which is removed")
    how = parser.add_argument_group("with --detect")
    how.add_argument("--apply", action="store_true", help="label the nodes instead of printing commands")
    how.add_argument("--node", action="append", default=[], metavar="NAME", help="this node alone; can be repeated")
    how.add_argument("--gpu", default="", metavar="TARGET", help="the GPUs of the nodes of --node, such as nvidia/cc80")
    how.add_argument("--image", default=DEFAULT_IMAGE, help="of the Jobs: any image with 'tail' (default: %(default)s)")
    how.add_argument("--namespace", default="default", metavar="NAME", help="of the Jobs (default: %(default)s)")
    how.add_argument(
        "--timeout", type=float, default=_SECONDS, metavar="SECONDS", help="for each node (default: %(default)g)"
    )
    how.add_argument("--kubeconfig", default="", metavar="FILE", help="the way into the cluster, as for kubectl")
    how.add_argument("--context", default="", metavar="NAME", help="of the kubeconfig")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the rules, or detect."""
    labels = Labels(arguments.prefix)
    if not arguments.detect:
        _refuse_options_of_detect(arguments)
        print(_HEADER + as_yaml(node_feature_rule(labels)), end="")
        return 0
    if arguments.gpu and not arguments.node:
        raise InvalidChoiceError(
            "The option --gpu was expected together with --node.", advice="Name the nodes that have this GPU."
        )
    if not arguments.timeout > 0:
        raise InvalidChoiceError(
            f"The timeout was expected to be more than 0 s, {arguments.timeout:g} came.", advice="Write seconds."
        )
    gpu = parse_accelerator(arguments.gpu) if arguments.gpu else ""
    try:
        from eessi_spawner.cli.labels_detect import detect
    except ModuleNotFoundError as error:
        raise SetUpError(
            f"A client of Kubernetes was expected, and {error.name} is not installed.",
            advice="Install eessi-spawner[hub].",
        ) from error
    return detect(labels, gpu, arguments)


def as_yaml(document: Mapping[str, Any]) -> str:
    """Return *document* as YAML: where there is no PyYAML, as JSON, which is YAML as well."""
    try:
        import yaml
    except ModuleNotFoundError:
        return json.dumps(document, indent=2) + "\n"
    return str(yaml.dump(document, Dumper=_without_aliases(yaml.SafeDumper), sort_keys=False))


def _without_aliases(dumper: Any) -> Any:
    """Return a dumper that writes a value that occurs twice twice."""
    return type("Dumper", (dumper,), {"ignore_aliases": lambda _self, _data: True})


def _refuse_options_of_detect(arguments: argparse.Namespace) -> None:
    given = {
        "--apply": arguments.apply,
        "--node": arguments.node,
        "--gpu": arguments.gpu,
        "--image": arguments.image != DEFAULT_IMAGE,
        "--kubeconfig": arguments.kubeconfig,
        "--context": arguments.context,
    }
    if unused := [option for option, value in given.items() if value]:
        raise InvalidChoiceError(
            f"The option {unused[0]} was expected together with --detect.",
            advice="Add --detect to look at the nodes, or leave the option out.",
        )
