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

# Every container by its place: init and ephemeral ones run code too. Keyed by place, because the engine
# compares the members of a set one by one, and a hostile pod has hundreds.
containers[place] := container if {
	some field in ["containers", "initContainers", "ephemeralContainers"]
	some i, container in pod[field]
	is_object(container)
	place := sprintf("%s/%s/%d", [pod_place, field, i])
}

# The ones that stay up: not init containers.
main_containers[place] := container if {
	some i, container in pod.containers
	is_object(container)
	place := sprintf("%s/containers/%d", [pod_place, i])
}

title := sprintf("%s/%s", [word(object.get(input, "kind", "?")), word(object.get(input, ["metadata", "name"], "?"))])

word(value) := value if is_string(value)

word(value) := "?" if not is_string(value)

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

# Where container runtimes listen.
sockets := {
	"/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
	"/var/run/crio/crio.sock", "/run/crio/crio.sock", "/var/run/cri-dockerd.sock",
}

# What Kubernetes itself calls safe.
safe_sysctls := {
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
	"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes",
}

# The taints of the nodes that run the cluster.
control_plane := {"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"}

# Names that say a value is secret. `secret_names` is matched against the lower-case name.
secret_names := `(^|_)(password|passwd|secret|token|api_?key|private_?key|credentials?)$`
