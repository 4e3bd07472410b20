"""Names that stand for a place in a draw, and clubs that are called like it."""

import pytest

from dp_pipeline.football.draw_places import is_place_in_draw


@pytest.mark.parametrize(
    "name",
    [
        *(
            "N.N.",
            "N.N. 2",
            "TBD",
            "tbd 1",
            "t.b.d.",
            "offen",
            "Noch offen",
            "?",
            "-",
            "Platzhalter 3",
        ),
        *("W37", "L61", "1A", "2C", "3C/D/E", "A1", "B2", "1.A", "ARG/CPV", "IRQ / BOL / SUR"),
        *(
            "Sieger AF1",
            "AF1 Sieger",
            "Gewinner Achtelfinale 1",
            "Verlierer Halbfinale 1",
            "W QF 1",
        ),
        *(
            "Gruppensieger A",
            "Gruppendritter A/C/D",
            "Gruppenersten A",
            "1. Gruppe A",
            "Gruppe A 1.",
        ),
        *("Dritter aus A/B/C", "Bester Dritter 1", "Platz 1 Gruppe A", "Gr. A Platz 1", "Team 1"),
        *("Winner Group A", "Best 3rd C/D/E", "Third Group A/B/F", "1st Group A", "Runner-up B"),
        *("UEFA Path A winner", "UEFA Play-Off A", "Intercontinental Playoff 1", "Group A winners"),
    ],
)
def test_a_place_in_the_draw_is_no_team(name: str) -> None:
    assert is_place_in_draw(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "AZ",
            "PSV",
            "NAC",
            "B 93",
            "B 1903",
            "1. FC Köln",
            "FC 08 Homburg",
            "1860 München",
            "USA",
        ),
        *("Team Wellington", "Third Lanark", "First Vienna FC", "Best Vooruit", "Groupama FC"),
        *("Siegen", "Sportfreunde Siegen", "Winnipeg", "Winterthur", "Platz Utd", "Offenbacher FC"),
        *(
            "Bodø/Glimt",
            "Finalense",
            "Racing Club",
            "U Cluj",
            "AC Milan",
            "Nancy",
            "Gabon",
            "Congo",
        ),
        *("Real Madrid CF II", "Bayern München (Frauen)", "Path of Glory FC", "Land 1"),
    ],
)
def test_a_club_with_an_odd_name_is_a_team(name: str) -> None:
    assert not is_place_in_draw(name)
