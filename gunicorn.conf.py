"""How the portal is served, by `make run` and in the container; an argument of the command line wins."""

worker_class = "salesops.buffering.Worker"
workers = 2
threads = 8
control_socket_disable = True
