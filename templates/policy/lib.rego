# What the rules share: where the pod is, in any kind of workload, and how an image name is put together.
package lib.k8s

import rego.v1

templated := {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"}

pod_place := "/spec/template/spec" if input.kind in templated

pod_place := "/spec" if input.kind == "Pod"

pod_place := "/spec/jobTemplate/spec/template/spec" if input.kind == "CronJob"

pod := input.spec.template.spec if input.kind in templated

pod := input.spec if input.kind == "Pod"

pod := input.spec.jobTemplate.spec.template.spec if input.kind == "CronJob"

long_running if input.kind in {"Deployment", "StatefulSet", "DaemonSet"}

# Every container with its place: init and ephemeral ones run code too.
containers contains {"place": place, "container": container} if {
	some field in ["containers", "initContainers", "ephemeralContainers"]
	some i, container in pod[field]
	place := sprintf("%s/%s/%d", [pod_place, field, i])
}

# The ones that stay up: not init containers.
main_containers contains {"place": place, "container": container} if {
	some i, container in pod.containers
	place := sprintf("%s/containers/%d", [pod_place, i])
}

title := sprintf("%s/%s", [object.get(input, "kind", "?"), object.get(input, ["metadata", "name"], "?")])

finding(rule, place, text) := {"msg": sprintf("%s %s: %s", [rule, title, text]), "place": place}

image_digest(image) := split(image, "@")[1] if contains(image, "@")

image_digest(image) := "" if not contains(image, "@")

# The tag stands after the last colon, unless that colon belongs to a registry's port.
image_tag(image) := tag if {
	parts := split(split(image, "@")[0], "/")
	last := split(parts[count(parts) - 1], ":")
	count(last) == 2
	tag := last[1]
} else := ""

image_registry(image) := registry if {
	parts := split(image, "/")
	count(parts) > 1
	registry := parts[0]
	regex.match(`[.:]|^localhost$`, registry)
} else := "docker.io"
