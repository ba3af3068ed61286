"""What makes a case unfit, the same for both arms: the lists that a study begins with and may write anew.

Nothing here is about looks: whoever leaves out what does not look real in one arm alone decides the result.
"""

ELIGIBILITY = (
    "The organ is diseased beside the tumour (cirrhosis, dilated ducts, atrophy)",
    "Signs of treatment (stent, clips, drain, resection)",
    "The organ is cut off by the edge of the image",
    "Strong artefacts at the organ (metal, motion)",
)
"""Of the patient or host."""

CRITERIA = (
    "No tumour can be seen",
    "The tumour lies outside its organ",
    "The image is damaged (slices missing, wrong grays)",
    "Text or marks in the image",
)
"""Of the case as it was made."""
