"""How often a page asks the database with thirty rows on it, beside the same page with two: the same.

What every list page does is tested in tests/test_queries.py; here the numbers of the most used ones are printed.
`./run bench queries`.
"""

from collections.abc import Iterator
from typing import Any

from tests.benchmarks.measuring import Figure, beside, undone

SHOWN = ("home", "couple", "documents")
FEW, MANY = 2, 30


def figures(*, brief: bool = False) -> Iterator[Figure]:
    from tests.test_queries import PAGES

    many = FEW + 1 if brief else MANY
    for name, who, another, address in PAGES:
        if name not in SHOWN:
            continue

        with undone():
            few_asked, many_asked = asked_with(who, another, address, many=many)

        rows = another.__name__.removeprefix("another_")
        reader = "facilitator" if who == "fay" else "partner"
        figure = f"queries: {name} of a {reader}, {many} / {FEW} of {rows}"
        yield beside(figure, many_asked, few_asked, goal=1, n=1)


def asked_with(who: str, another: Any, address: Any, *, many: int) -> tuple[int, int]:
    """Queries of both databases with few rows, and with many."""
    import time_machine

    from tests.cast import household
    from tests.test_queries import asked
    from tests.world import NOW, reachable

    with time_machine.travel(NOW, tick=False):
        house = household("Fay", ("Ana", "Ben"))
        reachable(house)
        client = house.client() if who == "fay" else house.partner_client(who)

        for number in range(FEW):
            another(house, number)
        few_asked = sum(asked(client, address(house)))

        for number in range(FEW, many):
            another(house, number)
        many_asked = sum(asked(client, address(house)))

    return few_asked, many_asked
