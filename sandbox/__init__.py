"""A stand-in for amoCRM: the API v4 over HTTP, its web hooks, and a control plane for what people do in its pages."""
