"""The words of the domain as plain data: nodes, graphs, types, records and how a step ended. Does nothing with them."""
