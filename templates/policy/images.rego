package main

import rego.v1

import data.lib.k8s

# AW471 A tag that moves makes a commit mean something else tomorrow.
deny_latest contains k8s.finding("AW471", place, text) if {
	some spot, container in k8s.containers
	image := container.image
	is_string(image)
	k8s.image_digest(image) == ""
	k8s.image_tag(image) in {"", "latest"}
	place := sprintf("%s/image", [spot])
	text := sprintf("image %s has no fixed tag or digest", [image])
}

# AW472 Only registries someone named. Off until `data.autoweave.registries` names one.
deny_registry contains k8s.finding("AW472", place, text) if {
	count(data.autoweave.registries) > 0
	some spot, container in k8s.containers
	is_string(container.image)
	registry := k8s.image_registry(container.image)
	not registry in data.autoweave.registries
	place := sprintf("%s/image", [spot])
	text := sprintf("registry %s is not one of the allowed ones", [registry])
}
