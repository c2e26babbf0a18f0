{{/* Every value comes from values.yaml and is quoted; none is ever run as a template. */}}

{{- define "module.selector" -}}
app.kubernetes.io/name: {{ .Values.name | quote }}
app.kubernetes.io/instance: {{ .Values.name | quote }}
{{- end -}}

{{- define "module.labels" -}}
{{ include "module.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: {{ .Values.component | quote }}
app.kubernetes.io/part-of: {{ .Values.partOf | quote }}
app.kubernetes.io/managed-by: autoweave
{{- with .Values.environment }}
autoweave.io/environment: {{ . | quote }}
{{- end }}
{{- range $key, $value := .Values.labels }}
{{ $key | quote }}: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "module.metadata" -}}
name: {{ .Values.name | quote }}
namespace: {{ .Release.Namespace | quote }}
labels:
  {{- include "module.labels" . | nindent 2 }}
  helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- with .Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "module.image" -}}
{{- .repository -}}
{{- with .tag }}:{{ . }}{{ end -}}
{{- with .digest }}@{{ . }}{{ end -}}
{{- end -}}
