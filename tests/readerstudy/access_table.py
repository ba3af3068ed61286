"""Who gets what, as one table: every address, of which kind it is, and what it answers. A new address needs rows here.

`KINDS` says what each role gets of each kind of page: the page (`yes`), the login, a refusal. `ADDRESSES` says of which
kind a page is, and with which status it answers those who get it, for a draft, an open and a closed study. Both are
asked as the page's own form or script would ask. `pdf` is 200 where the machine can make one, else 302.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

# user: an account that is not staff's. stranger: staff, owner of another study, nothing in this one; manager: the same,
# and may manage data.
KINDS = """
kind              nobody reader user  stranger manager observer analyst coordinator owner administrator
public            yes    yes    yes   yes      yes     yes      yes     yes         yes   yes
reader            401    yes    401   401      401     401      401     401         401   401
signed-out        yes    yes    302   302      302     302      302     302         302   302
account           login  login  403   yes      yes     yes      yes     yes         yes   yes
staff             login  login  403   yes      yes     yes      yes     yes         yes   yes
data-managers     login  login  403   403      yes     403      403     403         403   yes
administrators    login  login  403   403      403     403      403     403         403   yes
study:view        login  login  403   404      404     yes      yes     yes         yes   yes
study:conduct     login  login  403   404      404     403      403     yes         yes   yes
study:govern      login  login  403   404      404     403      403     403         yes   yes
study:results     login  login  403   404      404     403      yes     yes         yes   yes
study:export      login  login  403   404      404     403      yes     403         yes   yes
"""

ADDRESSES = """
method address                  kind            draft  open   closed
GET    home                     public          302    302    302
GET    account_login            signed-out      200    200    200
POST   account_login            signed-out      200    200    200
POST   account_logout           public          302    302    302
GET    mfa_authenticate         public          302    302    302
POST   mfa_authenticate         public          302    302    302
GET    openid_connect_login     public          404    404    404
GET    openid_connect_callback  public          404    404    404
GET    socialaccount_login_cancelled public     200    200    200
GET    invitation               public          -      200    403
POST   invitation               public          -      302    403
GET    return                   public          200    200    200
POST   return                   public          400    400    400
POST   sign-out                 public          200    200    200

GET    instructions             reader          -      200    200
POST   instructions             reader          -      302    302
GET    display-check            reader          -      200    200
POST   display-check            reader          -      302    200
GET    next-sitting             reader          -      302    200
POST   next-sitting             reader          -      302    200
GET    reading-room             reader          -      200    200
POST   sitting-end              reader          -      302    200
GET    earlier                  reader          -      404    403
GET    state                    reader          -      200    403
GET    debrief                  reader          -      302    302
GET    finished                 reader          -      302    200
POST   preferences              reader          -      200    200
GET    studies                  reader          -      200    200
POST   studies                  reader          -      200    200
GET    withdrawal               reader          -      200    200
POST   withdrawal               reader          -      400    400
GET    slice                    reader          -      200    404
POST   answer                   reader          -      200    403
POST   problem                  reader          -      200    403

GET    mfa_index                account         200    200    200
GET    account_change_password  account         200    200    200
POST   account_change_password  account         200    200    200
GET    account_reauthenticate   account         200    200    200
POST   account_reauthenticate   account         200    200    200
GET    mfa_reauthenticate       account         302    302    302
GET    mfa_activate_totp        account         302    302    302
POST   mfa_activate_totp        account         302    302    302
GET    mfa_deactivate_totp      account         404    404    404
POST   mfa_deactivate_totp      account         404    404    404
GET    mfa_view_recovery_codes  account         404    404    404
GET    mfa_generate_recovery_codes   account    302    302    302
POST   mfa_generate_recovery_codes   account    302    302    302
GET    mfa_download_recovery_codes   account    404    404    404
GET    sessions                 account         200    200    200
POST   sessions                 account         302    302    302

GET    planning                 staff           200    200    200
GET    planning-curve           staff           200    200    200
GET    study-list               staff           200    200    200
GET    study-new                staff           200    200    200
POST   study-new                staff           200    200    200
POST   study-new-file           staff           200    200    200
GET    study-restore            staff           200    200    200
POST   study-restore            staff           200    200    200
GET    dataset-list             staff           200    200    200
GET    dataset-detail           staff           200    200    200
GET    scan-detail              staff           200    200    200
GET    scan-preview             staff           200    200    200
GET    scan-slice               staff           200    200    200
GET    scan-overlay             staff           200    200    200
GET    scan-thumbnail           staff           200    200    200

GET    dataset-delete           data-managers   200    200    200
POST   dataset-delete           data-managers   302    302    302
GET    import-new               data-managers   200    200    200
GET    dataset-radiomics        staff           200    200    200
GET    dataset-radiomics-progress staff         200    200    200
GET    dataset-radiomics-svg    staff           200    200    200
GET    dataset-radiomics-csv    staff           200    200    200
POST   dataset-radiomics-run    data-managers   302    302    302
POST   import-new               data-managers   200    200    200
GET    import-upload            data-managers   200    200    200
POST   import-upload            data-managers   200    200    200
GET    import-detail            data-managers   200    200    200
GET    import-progress          data-managers   200    200    200
POST   import-stop              data-managers   302    302    302
POST   import-retry             data-managers   302    302    302
POST   import-dismiss           data-managers   302    302    302

GET    installation-trail       administrators  200    200    200
GET    installation-trail-csv   administrators  200    200    200
GET    installation-trail-json  administrators  200    200    200

GET    study-detail             study:view      200    200    200
GET    study-progress           study:view      200    200    200
GET    study-people             study:view      200    200    200
GET    reader-detail            study:view      404    200    200
GET    study-trail              study:view      200    200    200
GET    study-audit              study:view      200    200    200
GET    study-audit-progress     study:view      200    200    200
GET    study-audit-figure-svg   study:view      404    200    200
GET    study-audit-figure-csv   study:view      404    200    200

POST   study-generate           study:conduct   302    302    302
POST   study-retry              study:conduct   302    302    302
GET    study-gallery            study:conduct   200    200    200
GET    gallery-case             study:conduct   404    404    404
POST   gallery-review           study:conduct   404    404    404
GET    gallery-preview          study:conduct   404    404    404
GET    gallery-slice            study:conduct   404    404    404
GET    gallery-thumbnail        study:conduct   404    404    404
POST   study-audit-run          study:conduct   302    302    302
POST   reader-invite            study:conduct   200    200    200
POST   reader-renew             study:conduct   404    200    302
POST   reader-act               study:conduct   404    302    302
POST   readers-remind           study:conduct   302    302    302

GET    study-open               study:govern    200    200    200
POST   study-open               study:govern    302    302    302
GET    study-delete             study:govern    200    200    200
POST   study-delete             study:govern    200    200    200
GET    study-close              study:govern    200    200    200
POST   study-close              study:govern    302    302    302
POST   study-amend              study:govern    302    302    302
POST   case-exclude             study:govern    302    302    302
GET    study-trail-csv          study:govern    200    200    200
GET    study-trail-json         study:govern    200    200    200
POST   study-archive            study:govern    302    302    200
GET    study-keeping            study:govern    200    200    200
POST   reader-erase             study:govern    404    302    302
POST   person-add               study:govern    200    200    200
POST   person-role              study:govern    302    302    302
POST   person-remove            study:govern    302    302    302

GET    study-results            study:results   200    200    200
GET    study-figure-svg         study:results   404    404    200
GET    study-figure-csv         study:results   404    404    200
GET    study-report             study:results   404    404    200
GET    study-report-pdf         study:results   404    404    pdf
GET    study-radiomics          study:results   404    404    200
GET    study-radiomics-progress study:results   404    404    200
GET    study-radiomics-svg      study:results   404    404    200
GET    study-radiomics-csv      study:results   404    404    200
POST   study-radiomics-run      study:results   404    404    302
GET    case-detail              study:results   404    404    200
GET    case-preview             study:results   404    404    200
GET    case-slice               study:results   404    404    200

POST   study-export             study:export    302    302    200
"""

STATES = ("draft", "open", "closed")


@dataclass(frozen=True)
class Page:
    method: str
    address: str
    kind: str
    statuses: dict[str, str] = field(hash=False)  # by the study's state; "-" where there is nothing to ask for


def table(text: str) -> Iterator[list[str]]:
    """Yield the cells of each line, the head's left out."""
    return (line.split() for line in text.strip().splitlines()[1:] if line)


ROLES = KINDS.split("\n")[1].split()[1:]
OUTCOMES = {kind: dict(zip(ROLES, outcomes, strict=True)) for kind, *outcomes in table(KINDS)}
PAGES = [
    Page(method, address, kind, dict(zip(STATES, statuses, strict=True)))
    for method, address, kind, *statuses in table(ADDRESSES)
]
