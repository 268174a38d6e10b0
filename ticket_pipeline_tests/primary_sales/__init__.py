"""Tests of primary sales: ages, genders, and vivenu as a client meets it."""
