"""Clinical formulas, each beside its card. `CARDS` is the whole shelf; expressions call a formula by its card's id."""

from trialwright.science.clinic.body import BODY
from trialwright.science.clinic.card import Card, Input
from trialwright.science.clinic.hlh import HLH
from trialwright.science.clinic.kidney import KIDNEY

CARDS: dict[str, Card] = {card.id: card for card in (*HLH, *KIDNEY, *BODY)}

__all__ = ["CARDS", "Card", "Input"]
