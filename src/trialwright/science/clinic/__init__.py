"""Clinical formulas, each beside its card. `SHELF` holds every card by its id; `CARDS` those that are one formula of
known inputs, which expressions call by the card's id."""

from trialwright.science.clinic.body import BODY
from trialwright.science.clinic.card import Card, Finding, Input, Part, Quantity, Value
from trialwright.science.clinic.ctcae_card import CTCAE
from trialwright.science.clinic.heart import HEART
from trialwright.science.clinic.hlh_cards import HLH, HSCORE, MS_SCORE
from trialwright.science.clinic.kidney import KIDNEY, MDRD_VARIANTS
from trialwright.science.clinic.lung import LUNG
from trialwright.science.clinic.steroids import STEROIDS
from trialwright.science.clinic.substances import CONVERT

CARDS: dict[str, Card] = {card.id: card for card in (MS_SCORE, HSCORE, *KIDNEY, *BODY)}

SHELF: dict[str, Card] = {
    card.id: card for card in (*HLH, *KIDNEY, *MDRD_VARIANTS, *BODY, *STEROIDS, *LUNG, *HEART, CTCAE, CONVERT)
}

__all__ = ["CARDS", "SHELF", "Card", "Finding", "Input", "Part", "Quantity", "Value"]
