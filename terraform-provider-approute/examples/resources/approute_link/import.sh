# By id, by slug (with the domain where several have it), or by your own id.
terraform import approute_link.nora lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC
terraform import approute_link.nora slug:nora-lind
terraform import approute_link.nora slug:go.example.com/nora-lind
terraform import approute_link.nora external_id:creator:1042
