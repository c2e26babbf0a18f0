package main

import rego.v1

import data.lib.k8s

# AW473 A process that is not root cannot become root on the node through a container escape alone.
deny_root contains k8s.finding("AW473", place, "must set securityContext.runAsNonRoot: true") if {
	some place, container in k8s.containers
	not runs_as_non_root(container)
}

runs_as_non_root(container) if container.securityContext.runAsNonRoot == true

runs_as_non_root(container) if {
	object.get(container, ["securityContext", "runAsNonRoot"], null) == null
	k8s.pod.securityContext.runAsNonRoot == true
}

# AW474 User id 0 is root, whatever runAsNonRoot says.
deny_uid_zero contains k8s.finding("AW474", place, "runs as user id 0") if {
	some spot, container in k8s.containers
	container.securityContext.runAsUser == 0
	place := sprintf("%s/securityContext/runAsUser", [spot])
}

deny_uid_zero contains k8s.finding("AW474", place, "runs as user id 0") if {
	k8s.pod.securityContext.runAsUser == 0
	place := sprintf("%s/securityContext/runAsUser", [k8s.pod_place])
}

# AW475 A privileged container is the node.
deny_privileged contains k8s.finding("AW475", place, "is privileged") if {
	some spot, container in k8s.containers
	container.securityContext.privileged == true
	place := sprintf("%s/securityContext/privileged", [spot])
}

# AW476 Without this, a setuid program gives a process more than it started with.
deny_escalation contains k8s.finding("AW476", place, "must set allowPrivilegeEscalation: false") if {
	some place, container in k8s.containers
	object.get(container, ["securityContext", "allowPrivilegeEscalation"], true) != false
}

# AW477 Only binding a low port is harmless; everything else needs a waiver.
deny_capabilities contains k8s.finding("AW477", place, text) if {
	some spot, container in k8s.containers
	some i, capability in container.securityContext.capabilities.add
	not capability in {"NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"}
	place := sprintf("%s/securityContext/capabilities/add/%d", [spot, i])
	text := sprintf("adds the capability %v", [capability])
}

# AW478 NET_RAW, a default capability, lets a container forge packets.
warn_capabilities contains k8s.finding("AW478", place, "should drop ALL capabilities, or at least NET_RAW") if {
	some place, container in k8s.containers
	dropped := object.get(container, ["securityContext", "capabilities", "drop"], [])
	count([name | some name in dropped; name in {"ALL", "NET_RAW", "CAP_NET_RAW"}]) == 0
}

# AW484 The runtime's own system call filter is off unless asked for.
warn_seccomp contains k8s.finding("AW484", place, "should set seccompProfile.type: RuntimeDefault") if {
	some place, container in k8s.containers
	pod_level := object.get(k8s.pod, ["securityContext", "seccompProfile", "type"], "")
	object.get(container, ["securityContext", "seccompProfile", "type"], pod_level) in {"", "Unconfined"}
}

# AW485 A writable root is where an intruder puts tools.
warn_writable_root contains k8s.finding("AW485", place, "should set readOnlyRootFilesystem: true") if {
	some place, container in k8s.containers
	object.get(container, ["securityContext", "readOnlyRootFilesystem"], false) != true
}

# AW486 A token that nobody uses is a credential that somebody finds.
warn_token contains k8s.finding("AW486", k8s.pod_place, "should set automountServiceAccountToken: false") if {
	object.get(k8s.pod, "automountServiceAccountToken", true) != false
}
