"""Tests of price alerts: rules on captures, messages, delivery."""
