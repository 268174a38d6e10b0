"""The polled assets, one per marketplace: listings, and events as Ticketmaster describes them."""
