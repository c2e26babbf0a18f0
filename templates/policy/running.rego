package main

import rego.v1

import data.lib.k8s

# AW487 Without requests the scheduler guesses; without a memory limit one pod starves the node.
deny_resources contains k8s.finding("AW487", place, text) if {
	some place, container in k8s.main_containers
	some path in [["requests", "cpu"], ["requests", "memory"], ["limits", "memory"]]
	object.get(container, array.concat(["resources"], path), null) == null
	text := sprintf("lacks resources.%s.%s", [path[0], path[1]])
}

# AW489 A rollout waits for readiness; a hung process is restarted by liveness.
deny_probes contains k8s.finding("AW489", place, text) if {
	k8s.long_running
	some place, container in k8s.main_containers
	some probe in ["readinessProbe", "livenessProbe"]
	not container[probe]
	text := sprintf("has no %s", [probe])
}

# AW490 Tools and people find a module's objects by these labels.
deny_labels contains k8s.finding("AW490", "/metadata", text) if {
	input.kind in {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "ConfigMap", "Ingress"}
	some label in ["app.kubernetes.io/name", "app.kubernetes.io/managed-by"]
	object.get(input, ["metadata", "labels", label], "") == ""
	text := sprintf("the label %s is missing", [label])
}

# AW495 More than this is a typing mistake or a decision that wants a waiver.
deny_replicas contains k8s.finding("AW495", "/spec/replicas", text) if {
	input.kind in {"Deployment", "StatefulSet"}
	is_number(input.spec.replicas)
	input.spec.replicas > 20
	text := sprintf("%v replicas are more than 20", [input.spec.replicas])
}

# AW491 What stands in git is not a secret.
deny_plain_secret contains k8s.finding("AW491", place, text) if {
	some spot, container in k8s.containers
	some i, variable in container.env
	regex.match(k8s.secret_names, lower(variable.name))
	object.get(variable, "value", "") != ""
	place := sprintf("%s/env/%d", [spot, i])
	text := sprintf("the variable %s holds its value in plain text; use secretKeyRef", [variable.name])
}
