"Small made trees of the public data sets, for `sets.json`: name -> (build(folder), load(folder) by the old API)"
import json
from pathlib import Path
import numpy as np
from PIL import Image

def film(path, h=64, w=64, k=0):
    Path(path).parent.mkdir(parents=True, exist_ok=True); a = (np.arange(h)[:,None]*3 + np.arange(w)[None]*2 + 17*k) % 251; Image.fromarray(a.astype(np.uint8)).save(path)

def nih(d):
    for k,n in enumerate(('00000001_000','00000001_001','00000002_000','00000003_000')): film(d/f'images_001/images/{n}.png', 128, 128, k)
    (d/'Data_Entry_2017_v2020.csv').write_text('Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Sex,View Position\n00000001_000.png,Cardiomegaly|Effusion,0,1,57,M,PA\n00000001_001.png,No Finding,1,1,58,M,AP\n00000002_000.png,Infiltration,0,2,81,F,PA\n00000003_000.png,Cardiomegaly,0,3,40,F,PA\n00000009_000.png,Effusion,0,9,40,F,PA\n')
    (d/'BBox_List_2017.csv').write_text('Image Index,Finding Label,Bbox [x,y,w,h],,,\n00000001_000.png,Cardiomegaly,200,300,400,250.5,,,\n00000002_000.png,Infiltrate,10,20,900,1010,,,\n00000003_000.png,Effusion,10,20,100,100,,,\n')
    (d/'train_val_list.txt').write_text('00000001_001.png\n'); (d/'test_list.txt').write_text('00000001_000.png\n00000002_000.png\n00000003_000.png\n')

def mscxr(d):
    rows = ['category_name,label_text,path,x,y,w,h,image_width,image_height,dicom_id,split']
    for k,(i,f,t) in enumerate((('a1-b','Cardiomegaly','Enlarged heart'),('a1-b','Pleural Effusion','small effusion'),('c2-d','Pneumothorax','right apex'),('e3-f','Edema','edema'))):
        p = f'files/p10/p1000000{"acei".index(i[0])}/s5000000{"acei".index(i[0])}/{i}.jpg'; rows.append(f'{f},{t},{p},{10+k},{20},{100},{60+k},256,512,{i},test')
        if i != 'e3-f': film(d/p, 128, 64 if i == 'c2-d' else 256, k)
    (d/'table.csv').write_text('\n'.join(rows) + '\n')

def chexlocalize(d):
    from pycocotools import mask as coco
    m = np.zeros((64,48), np.uint8); m[10:30,5:20] = 1; r = coco.encode(np.asfortranarray(m)); z = coco.encode(np.asfortranarray(m*0)); enc = lambda o: dict(size=list(map(int,o['size'])), counts=o['counts'].decode())
    for p in ('patient64541/study1/view1_frontal','patient64542/study1/view2_lateral'): film(d/f'CheXpert/val/{p}.jpg', 64, 48)
    (d/'CheXlocalize').mkdir(); (d/'CheXlocalize'/'gt_segmentations_val.json').write_text(json.dumps({'patient64541_study1_view1_frontal': {'Cardiomegaly': enc(r), 'Pleural Effusion': enc(z)}, 'patient64542_study1_view2_lateral': {'Enlarged Cardiomediastinum': enc(r)}, 'patient9_study1_view1_frontal': {'Edema': enc(r)}, 'nonsense': {}}))

def siim(d):
    (d/'train-rle.csv').write_text('ImageId, EncodedPixels\n1.2.3, -1\n1.2.4,1000 20 1004 25 999 10\n1.2.4,500000 3\n1.2.5,5 -3\n1.2.6,1048570 50\n')

def padchest(d):
    for k in (1,2,3): film(d/f'img/p{k}.png', 60, 80, k)
    f = lambda s,l,b,a=True: dict(sentence_en=s, labels=l, boxes=b, abnormal=a)
    (d/'grounded_reports_20240819.json').write_text(json.dumps([dict(ImageID='p1.png', StudyID='s1', PatientID='q1', findings=[f('Heart enlarged.', ['cardiomegaly'], [[.2,.3,.7,.9]]), f('Lungs clear.', [], [], False)]), dict(ImageID='p2.png', StudyID='s2', PatientID='q2', findings=[f('Effusion both sides.', ['pleural effusion'], [[.1,.6,.3,.95],[.7,.6,.9,.95],[1,2,300,4]])]), dict(ImageID='p3.png', StudyID='s3', PatientID='q2', findings=[]), dict(ImageID='gone.png', StudyID='s4', PatientID='q4', findings=[])]))
    (d/'master_table.csv').write_text('ImageID,PatientID,split\np1.png,q1,train\np2.png,q2,test\np3.png,q2,validation\n')

def openi(d):
    def x(i, t, m, ims):
        major,parent = ''.join(f'<major>{o}</major>' for o in m),''.join(f'<parentImage id="{o}"/>' for o in ims)
        return f'<eCitation><uId id="CXR{i}"/><MedlineCitation><Article><Abstract>{t}</Abstract></Article></MedlineCitation><MeSH>{major}</MeSH>{parent}</eCitation>'
    t = lambda f,i: f'<AbstractText Label="FINDINGS">{f}</AbstractText><AbstractText Label="IMPRESSION">{i}</AbstractText>'
    (d/'ecgen').mkdir(); (d/'ecgen'/'1.xml').write_text(x(1, t('Heart size is enlarged.','Cardiomegaly.'), ['Cardiomegaly/mild'], ['CXR1_1','CXR1_2'])); (d/'ecgen'/'2.xml').write_text(x(2, t('','Small effusion.'), ['Pleural Effusion/left/small','Catheters'], ['CXR2_1'])); (d/'ecgen'/'3.xml').write_text('<broken'); (d/'ecgen'/'4.xml').write_text(x(2, t('again',''), [], []))

def folder(d):
    for k,n in enumerate(('a.png','sub/b.jpg','sub/a.png','c.tif')): film(d/n, 40, 30+k, k)
    (d/'t.csv').write_text('image_id,patient_id,split,view,Cardiomegaly,Effusion,other\na,p1,train,PA,1,0,x\nsub/b,p1,train,AP,-1,,y\nsub/a,p2,test,,0,1,z\nlost,p3,test,,0,1,z\n'); (d/'b.csv').write_text('image_id,class_name,x_min,y_min,x_max,y_max,rad_id\na,Cardiomegaly,3,4,20,30,R1\na,No finding,,,,,R2\nsub/b,Pleural effusion,5,5,300,20,R1\nsub/a,effusion,9,9,3,20,\n')

def _load(name, *a, **k): 
    import cxr_weakloc.sets as S
    return getattr(S, name)(*a, progress=False, **k)
TREES = dict(nih=(nih, lambda d: _load('load_nih', d)), nih_test=(nih, lambda d: _load('load_nih', d, 'test', ['Cardiomegaly'])), mscxr=(mscxr, lambda d: _load('load_mscxr', d/'table.csv', d)), chexlocalize=(chexlocalize, lambda d: _load('load_chexlocalize', d, 'val')),
    siim=(siim, lambda d: _load('load_siim', d/'train-rle.csv')), padchest=(padchest, lambda d: _load('load_padchest_gr', d)), openi=(openi, lambda d: _load('load_openi', d)), folder=(folder, lambda d: _load('load_folder', d, d/'t.csv', d/'b.csv')))
