"""The dashboard: pages in the browser, made on the server. Every number comes from `queries`."""
