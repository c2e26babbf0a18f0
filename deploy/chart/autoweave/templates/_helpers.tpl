{{/* Every value is quoted or goes through toYaml; none is ever run as a template. */}}

{{- define "autoweave.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "autoweave.selector" -}}
app.kubernetes.io/name: autoweave
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end -}}

{{- define "autoweave.labels" -}}
{{ include "autoweave.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: autoweave
app.kubernetes.io/managed-by: {{ .root.Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{- define "autoweave.metadata" -}}
name: {{ .name | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- include "autoweave.labels" . | nindent 2 }}
{{- end -}}

{{- define "autoweave.image" -}}
{{- .Values.image.repository -}}
{{- if .Values.image.digest -}}
@{{ .Values.image.digest }}
{{- else -}}
:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Two processes need one store and one remote; a volume of one node holds neither. */}}
{{- define "autoweave.check" -}}
{{- $many := or (gt (.Values.server.replicas | int) 1) .Values.worker.enabled .Values.server.autoscaling.enabled -}}
{{- if and $many .Values.persistence.enabled -}}
{{- fail "Several pods cannot share the volume: set persistence.enabled=false, store.existingSecret and git.remote." -}}
{{- end -}}
{{- if and (not .Values.persistence.enabled) (or (not .Values.store.existingSecret) (not .Values.git.remote)) -}}
{{- fail "Without the volume, runs and commits need a place: set store.existingSecret and git.remote." -}}
{{- end -}}
{{- if and (eq (.Values.server.workers | int) 0) (not .Values.worker.enabled) -}}
{{- fail "Nobody would do the work: set server.workers above 0, or worker.enabled=true." -}}
{{- end -}}
{{- end -}}

{{- define "autoweave.pod" -}}
serviceAccountName: {{ include "autoweave.name" .root | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "autoweave.selector" . | nindent 8 }}
volumes:
  - name: temporary
    emptyDir:
      sizeLimit: {{ .root.Values.temporary.size | quote }}
  - name: home
    {{- if .root.Values.persistence.enabled }}
    persistentVolumeClaim:
      claimName: {{ .root.Values.persistence.existingClaim | default (include "autoweave.name" .root) | quote }}
    {{- else }}
    emptyDir:
      sizeLimit: {{ .root.Values.temporary.size | quote }}
    {{- end }}
{{- end -}}

{{- define "autoweave.container" -}}
image: {{ include "autoweave.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy | quote }}
envFrom:
  - configMapRef:
      name: {{ include "autoweave.name" .root | quote }}
{{- $secrets := dict "STORE_URL" .root.Values.store "QUEUE_URL" .root.Values.queue "GIT_TOKENS" .root.Values.git "TELEMETRY_HEADERS" .root.Values.telemetry }}
env:
  {{- range $name, $from := $secrets }}
  {{- if $from.existingSecret }}
  - name: {{ printf "AUTOWEAVE_%s" $name | quote }}
    valueFrom:
      secretKeyRef:
        name: {{ $from.existingSecret | quote }}
        key: {{ $from.key | quote }}
  {{- end }}
  {{- end }}
  - name: AUTOWEAVE_SERVE_WORKERS
    value: {{ .root.Values.server.workers | int | quote }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
volumeMounts:
  - name: home
    mountPath: /var/lib/autoweave
  - name: temporary
    mountPath: /tmp
{{- end -}}
