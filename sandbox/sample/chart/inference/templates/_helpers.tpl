{{/* Name that all objects start with. */}}
{{- define "inference.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "inference.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "inference.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "inference.registry" -}}
{{- required "image.registry is required: the registry that the bundle's images were pushed to" .Values.image.registry | trimSuffix "/" -}}
{{- end -}}

{{- define "inference.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* Labels that find the pods of one component: `dict "root" $ "component" <key>`. */}}
{{- define "inference.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Serving arguments that a class of models starts with. */}}
{{- define "inference.typeArguments" -}}
{{- if eq . "agent" -}}
- --enable-auto-tool-choice
{{- else if eq . "agent_small" -}}
- --enable-auto-tool-choice
- --max-model-len=131072
- --max-num-seqs=32
{{- else -}}
- --max-num-seqs=256
{{- end -}}
{{- end -}}

{{/* An Ingress: `dict "root" $ "name" <name> "component" <key> "hosts" <list>`. */}}
{{- define "inference.ingress" -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "inference.selector" . | nindent 4 }}
    {{- include "inference.labels" .root | nindent 4 }}
  {{- with .root.Values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .root.Values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  rules:
    {{- range .hosts }}
    - host: {{ . | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ $.name }}
                port:
                  name: http
    {{- end }}
{{- end -}}
