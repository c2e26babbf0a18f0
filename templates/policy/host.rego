package main

import rego.v1

import data.lib.k8s

# AW479 A host namespace shows a pod its neighbours' processes, sockets and memory.
deny_host_namespace contains k8s.finding("AW479", place, text) if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	k8s.pod[field] == true
	place := sprintf("%s/%s", [k8s.pod_place, field])
	text := sprintf("%s is true", [field])
}

# AW480 The node's disk is not a volume.
deny_host_path contains k8s.finding("AW480", place, text) if {
	some i, volume in k8s.pod.volumes
	volume.hostPath
	place := sprintf("%s/volumes/%d/hostPath", [k8s.pod_place, i])
	text := sprintf("volume %v mounts the node's path %v", [volume.name, object.get(volume.hostPath, "path", "?")])
}

# AW481 A host port ties the pod to one node and goes round network policies.
deny_host_port contains k8s.finding("AW481", place, text) if {
	some spot, container in k8s.containers
	some i, port in container.ports
	is_number(port.hostPort)
	port.hostPort > 0
	place := sprintf("%s/ports/%d/hostPort", [spot, i])
	text := sprintf("opens port %v of the node", [port.hostPort])
}

# AW482 Whoever holds the container runtime's socket holds the node.
deny_runtime_socket contains k8s.finding("AW482", place, text) if {
	some i, volume in k8s.pod.volumes
	volume.hostPath.path in k8s.sockets
	place := sprintf("%s/volumes/%d/hostPath/path", [k8s.pod_place, i])
	text := sprintf("mounts the container runtime's socket %s", [volume.hostPath.path])
}

# AW483 Other kernel settings reach beyond the pod.
deny_sysctl contains k8s.finding("AW483", place, text) if {
	some i, sysctl in k8s.pod.securityContext.sysctls
	not sysctl.name in k8s.safe_sysctls
	place := sprintf("%s/securityContext/sysctls/%d", [k8s.pod_place, i])
	text := sprintf("sets the kernel parameter %v", [sysctl.name])
}

# AW496 Which node a pod runs on is the scheduler's business.
deny_placement contains k8s.finding("AW496", place, "names its node; leave that to the scheduler") if {
	object.get(k8s.pod, "nodeName", "") != ""
	place := sprintf("%s/nodeName", [k8s.pod_place])
}

deny_placement contains k8s.finding("AW496", place, "tolerates the control plane's taint") if {
	some i, toleration in k8s.pod.tolerations
	tolerates_control_plane(toleration)
	place := sprintf("%s/tolerations/%d", [k8s.pod_place, i])
}

tolerates_control_plane(toleration) if toleration.key in k8s.control_plane

# Without a key it tolerates every taint.
tolerates_control_plane(toleration) if object.get(toleration, "key", "") == ""
