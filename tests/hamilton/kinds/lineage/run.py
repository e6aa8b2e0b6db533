"""Ask a graph, without running it, what comes from where and whose it is."""

import json

import loans
from hamilton import driver, graph_types
from hamilton.driver import Variable

dr = driver.Builder().with_modules(loans).build()


def names(nodes):
    return sorted(node.name for node in nodes)


print(names(dr.list_available_variables(tag_filter={"PII": "true"})))
print(names(dr.list_available_variables(tag_filter={"owner": None})))
print(names(dr.list_available_variables(tag_filter={"owner": ["risk", "sales"]})))
print(names(dr.list_available_variables(tag_filter={"owner": "risk", "PII": None})))
print(
    names(dr.list_available_variables(tag_filter={"nobody": None})),
    names(dr.list_available_variables(tag_filter={})),
)
private = names(dr.list_available_variables(tag_filter={"PII": "true"}))
for name in private:
    print(name, "reaches", names(dr.what_is_downstream_of(name)))
print(names(dr.what_is_upstream_of("letter")), names(dr.what_is_upstream_of("burden", "initials")))
print([node.name for node in dr.what_is_the_path_between("income", "accepted")] != [])
print(names(dr.what_is_the_path_between("income", "accepted")))
for node in sorted(dr.list_available_variables(), key=lambda node: node.name):
    functions = [function.__name__ for function in node.originating_functions or ()]
    print(node.name, node.tags, getattr(node.type, "__name__", node.type), node.is_external_input, functions)
    print("   ", repr(node.documentation), sorted(node.required_dependencies), node.optional_dependencies)
    assert isinstance(node, Variable) and isinstance(node, graph_types.HamiltonNode)
(letter,) = [node for node in dr.list_available_variables() if node.name == "letter"]
told = letter.as_dict()
print(sorted(told), told["output_type"], told["source"] is not None and "accepted" in told["source"])
print(len(letter.version) > 20, letter.version == letter.as_dict()["version"])
exported = json.loads(dr.export_execution(["letter"], inputs={"rows": 3}))
print(sorted(exported), sorted(node["name"] for node in exported["nodes"]))
try:
    dr.what_is_upstream_of("nothing")
except Exception as error:
    print("nothing" in str(error))
dr.validate_execution(["letter"], inputs={"rows": 1})
try:
    dr.validate_execution(["letter"], inputs={"rows": "many"})
except ValueError as error:
    print("many is no number", "rows" in str(error))
print(dr.execute([letter, loans.accepted], inputs={"rows": 4, "limit": 0.2}))
print(list(dr.graph_modules) == [loans])
results = {"exported": sorted(node["name"] for node in exported["nodes"])}
