"""Rules that follow what the user corrects: at once where that costs his command nothing.

What is learned is decided from the corrections in the read models, so it is the same whenever it
is decided. A correction learns in its own command; where another command moved the rules meanwhile,
or the read models are behind, the next command that meets the payee does it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from uuid import UUID

from mintflow.commands.core.ports import Books
from mintflow.commands.core.unit import Unit
from mintflow.commands.rules.tree import tree_of, where_it_went
from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.errors import Unavailable
from mintflow.domain.rules import Actions, RuleSet, TooManyRules, rule_set_id
from mintflow.domain.rules.learning import Correction, learned, learned_rule_id, takes

_UNLEARNED_MAX = 50_000
_NAME_LENGTH_MAX = 200


class Learner:
    """One per process. It remembers the payees whose corrections it could not learn from yet."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._unlearned: OrderedDict[tuple[UUID, str], None] = OrderedDict()

    async def corrected(self, unit: Unit, payee: str, correction: Correction, name: str) -> None:
        """Learn from a correction that this command makes. name: the payee's, for people."""
        if not payee:
            return
        if unit.attempt > 0:
            # The rules moved: a correction must not fail because many are made at once.
            self._remember(unit.ledger_id, payee)
            return
        try:
            await self._books.caught_up(unit.ledger_id)
            before = await self._books.corrections(unit.ledger_id, [payee])
        except Unavailable:
            self._remember(unit.ledger_id, payee)
            return
        said = [correction, *before.get(payee.lower(), ())]
        await self._learn(unit, {payee: said}, {payee: name})

    def owes(self, ledger_id: UUID, payee: str) -> bool:
        """Whether a correction of this payee was made that nothing was learned from yet."""
        return (ledger_id, payee.lower()) in self._unlearned

    def owes_any(self, ledger_id: UUID) -> bool:
        """Whether there is such a payee in a ledger."""
        return bool(self._unlearned) and any(owner == ledger_id for owner, _ in self._unlearned)

    async def catch_up(self, unit: Unit, payees: Mapping[str, str]) -> None:
        """Learn what is to be learned of these payees (by condition, with their names), from read
        models that have caught up."""
        said = await self._books.corrections(unit.ledger_id, list(payees))
        by_payee = {
            payee: found for payee in payees if (found := said.get(payee.lower())) is not None
        }
        await self._learn(unit, by_payee, payees)
        for payee in payees:
            self._unlearned.pop((unit.ledger_id, payee.lower()), None)

    async def wait(self, unit: Unit) -> None:
        """Until the read models hold all of the ledger. Raises NotYetVisible."""
        await self._books.caught_up(unit.ledger_id)

    async def _learn(
        self,
        unit: Unit,
        said: Mapping[str, Sequence[Correction]],
        names: Mapping[str, str],
    ) -> None:
        if not said:
            return
        tree = await tree_of(unit)
        rules = await unit.find(RuleSet, rule_set_id(unit.ledger_id))
        for payee, corrections in said.items():
            wanted = learned(payee, corrections)
            if wanted is None:
                continue
            condition, category_id = wanted[0], _that_takes_rows(wanted[1], tree)
            rule_id = learned_rule_id(unit.ledger_id, payee)
            held = rules.by_id().get(rule_id) if rules is not None else None
            if category_id is None or (
                held is not None and not takes(held, condition, category_id)
            ):
                continue
            # Only now the rules are to change; most corrections confirm what was learned.
            rules = await unit.find_to_change(RuleSet, rule_set_id(unit.ledger_id))
            if rules is None:
                rules = unit.add(RuleSet.open(unit.ledger_id, unit.now))
            actions = Actions(category_id=category_id)
            name = (names.get(payee) or payee)[:_NAME_LENGTH_MAX]
            if held is not None:
                rules.change(
                    rule_id, held.name, condition, actions, "learned", unit.now, source="learned"
                )
                continue
            try:
                rules.add(rule_id, name, condition, actions, "learned", unit.now, source="learned")
            except TooManyRules:
                return

    def _remember(self, ledger_id: UUID, payee: str) -> None:
        self._unlearned[ledger_id, payee.lower()] = None
        while len(self._unlearned) > _UNLEARNED_MAX:
            self._unlearned.popitem(last=False)


def _that_takes_rows(category_id: str, tree: CategoryTree) -> str | None:
    if category_id not in tree.nodes:
        return None
    category_id = where_it_went(category_id, tree)
    return None if tree.nodes[category_id].archived else category_id
