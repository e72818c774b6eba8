"""HTTP: who asks, what is asked, and the answer as JSON or as a page. The rest of the service knows no request."""
