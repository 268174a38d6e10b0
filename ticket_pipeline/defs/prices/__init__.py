"""The aggregates: hourly and daily prices."""
