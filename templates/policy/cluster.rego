package main

import rego.v1

import data.lib.k8s

# AW492 Traffic from outside comes through an Ingress or gateway, where it is seen and limited.
deny_service_type contains k8s.finding("AW492", "/spec/type", text) if {
	input.kind == "Service"
	input.spec.type in {"NodePort", "LoadBalancer"}
	text := sprintf("the type %s opens the service to the outside", [input.spec.type])
}

# AW493 An Ingress without TLS sends everything in plain text.
deny_ingress_tls contains k8s.finding("AW493", "/spec", "has no TLS section") if {
	input.kind == "Ingress"
	count(object.get(input, ["spec", "tls"], [])) == 0
}

# AW494 A wildcard grants what nobody thought of, today and after the next upgrade.
deny_wildcard contains k8s.finding("AW494", place, text) if {
	input.kind in {"Role", "ClusterRole"}
	some i, rule in input.rules
	some field in ["verbs", "resources", "apiGroups"]
	"*" in rule[field]
	place := sprintf("/rules/%d/%s", [i, field])
	text := sprintf("rule %d has a wildcard in %s", [i, field])
}

# AW497 These namespaces belong to the cluster, or to nobody.
deny_namespace contains k8s.finding("AW497", "/metadata/namespace", text) if {
	namespace := input.metadata.namespace
	namespace in {"default", "kube-system", "kube-public", "kube-node-lease"}
	text := sprintf("the namespace %s is not for applications", [namespace])
}

# AW498 cluster-admin is every right there is.
deny_cluster_admin contains k8s.finding("AW498", "/roleRef", "binds the role cluster-admin") if {
	input.kind in {"ClusterRoleBinding", "RoleBinding"}
	input.roleRef.name == "cluster-admin"
}

# AW488 Argo CD's project `default` allows every repository and every namespace.
deny_default_project contains k8s.finding("AW488", "/spec/project", "belongs to the project default") if {
	input.kind == "Application"
	startswith(input.apiVersion, "argoproj.io/")
	input.spec.project in {"", "default"}
}
